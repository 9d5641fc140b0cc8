using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Batch;

/// <summary>
/// Collateral as a person keeps it: one JSON file in the form of a batch's line, one certificate, or a folder of files, each known
/// by what is in it.
/// </summary>
public static class CollateralFolder
{
    private const int MaximumFiles = 256;
    private const int MaximumFile = 16 << 20;

    /// <summary>Reads a file or folder into the one JSON object that a batch's line would carry.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="format">The format of the evidence that it goes with.</param>
    /// <param name="json">The object in UTF-8.</param>
    /// <param name="problem">What is wrong and with which file.</param>
    public static bool TryRead(string path, EvidenceFormat format, out byte[] json, out string problem)
    {
        ArgumentNullException.ThrowIfNull(path);
        json = [];
        problem = "";
        string[] files = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path).Order(StringComparer.Ordinal).Take(MaximumFiles + 1)] : [path];
        if (files.Length > MaximumFiles)
        {
            problem = $"{path} holds more than {MaximumFiles} files";
            return false;
        }

        JsonObject merged = [];
        StringBuilder chain = new();
        JsonArray rims = [];
        foreach (string file in files)
        {
            if (new FileInfo(file).Length > MaximumFile)
            {
                problem = $"{file} is longer than {MaximumFile} bytes";
                return false;
            }

            byte[] bytes = File.ReadAllBytes(file);
            ReadOnlySpan<byte> text = bytes.AsSpan().TrimStart(" \t\r\n"u8);
            if (text.StartsWith("{"u8))
            {
                if (files.Length == 1)
                {
                    json = bytes;
                    return true;
                }

                if (!TryMerge(merged, bytes))
                {
                    problem = $"{file} is not a JSON object, or repeats a member of another file";
                    return false;
                }
            }
            else if (text.StartsWith("<"u8))
            {
                rims.Add(Encoding.UTF8.GetString(bytes));
            }
            else if (format == EvidenceFormat.GpuReport && text.StartsWith("-----BEGIN"u8))
            {
                chain.Append(Encoding.ASCII.GetString(bytes)).Append('\n');
            }
            else if (!TryAddBinary(merged, bytes))
            {
                problem = $"{file} is no collateral that is known here";
                return false;
            }
        }

        if (chain.Length > 0)
        {
            merged["chain_pem"] = chain.ToString();
        }

        if (rims.Count > 0)
        {
            merged["rims"] = rims;
        }

        json = Encoding.UTF8.GetBytes(merged.ToJsonString());
        return true;
    }

    private static bool TryMerge(JsonObject merged, byte[] bytes)
    {
        try
        {
            foreach ((string name, JsonNode? value) in JsonNode.Parse(bytes)!.AsObject())
            {
                if (!merged.TryAdd(name, value?.DeepClone()))
                {
                    return false;
                }
            }

            return true;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    // AMD's certificates by their subjects, a revocation list by its form.
    private static bool TryAddBinary(JsonObject merged, byte[] bytes)
    {
        if (RevocationList.TryParse(bytes, out _, out _))
        {
            return merged.TryAdd("crl_der_b64", Convert.ToBase64String(bytes));
        }

        if (!Certificate.TryParse(bytes, out Certificate? single, out _) && !PemReader.TryRead(bytes, out _, out _))
        {
            return false;
        }

        IReadOnlyList<Certificate> certificates = single is not null ? [single] : PemReader.TryRead(bytes, out IReadOnlyList<Certificate> read, out _) ? read : [];
        foreach (Certificate certificate in certificates)
        {
            string? member = certificate.CommonName switch
            {
                "SEV-VCEK" => "vcek_der_b64",
                "SEV-VLEK" => "vlek_der_b64",
                _ when certificate.CommonName.StartsWith("ARK-", StringComparison.Ordinal) => "ark_der_b64",
                _ when certificate.CommonName.StartsWith("SEV-", StringComparison.Ordinal) => "ask_der_b64",
                _ => null,
            };
            if (member is null || !merged.TryAdd(member, Convert.ToBase64String(certificate.Der.Span)))
            {
                return false;
            }
        }

        return true;
    }
}
