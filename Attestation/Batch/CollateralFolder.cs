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
    public static bool TryRead(string path, EvidenceFormat format, out byte[] json, out string problem) => TryRead([path], format, out json, out problem);

    /// <summary>Reads files and folders into the one JSON object that a batch's line would carry.</summary>
    /// <param name="paths">The files and folders.</param>
    /// <param name="format">The format of the evidence that they go with.</param>
    /// <param name="json">The object in UTF-8.</param>
    /// <param name="problem">What is wrong and with which file.</param>
    public static bool TryRead(IReadOnlyList<string> paths, EvidenceFormat format, out byte[] json, out string problem)
    {
        ArgumentNullException.ThrowIfNull(paths);
        json = [];
        problem = "";
        List<string> files = [];
        foreach (string path in paths)
        {
            files.AddRange(Directory.Exists(path) ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal).Take(MaximumFiles + 1) : [path]);
        }

        if (files.Count > MaximumFiles)
        {
            problem = $"{string.Join(", ", paths)}: more than {MaximumFiles} files";
            return false;
        }

        JsonObject merged = [];
        StringBuilder chain = new();
        JsonArray rims = [];
        JsonArray answers = [];
        foreach (string file in files)
        {
            if (!File.Exists(file))
            {
                problem = $"{file} is not there";
                return false;
            }

            if (new FileInfo(file).Length > MaximumFile)
            {
                problem = $"{file} is longer than {MaximumFile} bytes";
                return false;
            }

            byte[] bytes = File.ReadAllBytes(file);
            ReadOnlySpan<byte> text = bytes.AsSpan().TrimStart(" \t\r\n"u8);
            if (text.StartsWith("{"u8))
            {
                if (files.Count == 1)
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
            else if (OcspResponse.TryParse(bytes, out _, out _))
            {
                answers.Add(Convert.ToBase64String(bytes));
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

        AddItems(merged, "rims", rims);

        AddItems(merged, "ocsp_b64", answers);
        json = Encoding.UTF8.GetBytes(merged.ToJsonString());
        return true;
    }

    // Files stand beside what a JSON file lists already.
    private static void AddItems(JsonObject merged, string name, JsonArray items)
    {
        if (items.Count == 0)
        {
            return;
        }

        if (merged[name] is JsonArray known)
        {
            foreach (JsonNode? item in items)
            {
                known.Add(item?.DeepClone());
            }
        }
        else
        {
            merged[name] = items;
        }
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
