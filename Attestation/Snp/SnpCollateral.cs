using System.Text.Json;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Snp;

/// <summary>
/// What goes with an SEV-SNP report: <c>{"vcek_der_b64", "vlek_der_b64", "ask_der_b64", "ark_der_b64", "crl_der_b64"}</c>, every
/// member optional. AMD's own ASKs and ARKs need not be given.
/// </summary>
public sealed record SnpCollateral
{
    private const int MaximumLength = 4 << 20;

    /// <summary>The certificate of the chip's key; null where absent.</summary>
    public Certificate? Vcek { get; private init; }

    /// <summary>The certificate of the lent key; null where absent.</summary>
    public Certificate? Vlek { get; private init; }

    /// <summary>The intermediate; null where absent.</summary>
    public Certificate? Ask { get; private init; }

    /// <summary>The root; null where absent.</summary>
    public Certificate? Ark { get; private init; }

    /// <summary>The root's revocation list; null where absent.</summary>
    public RevocationList? Crl { get; private init; }

    /// <summary>Key, intermediate and root as PEM; where intermediate or root are not given, AMD's own. False without a key's certificate.</summary>
    public bool TryGetChainPem(out byte[] pem)
    {
        pem = [];
        Certificate? leaf = Vcek ?? Vlek;
        if (leaf is null || !VcekExtensions.TryParse(leaf, out VcekExtensions? extensions, out _) || !SnpProducts.TryFind(extensions!.ProductName, out SnpProduct product))
        {
            return false;
        }

        IReadOnlyList<Certificate> known = AmdAuthorities.Of(product, Vcek is null ? SnpSigningKey.Vlek : SnpSigningKey.Vcek);
        pem = CollateralPem.Write([leaf, Ask ?? known[0], Ark ?? known[1]]);
        return true;
    }

    /// <summary>Parses the JSON object. What is there must parse: nothing that does not is read as absent.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, out SnpCollateral? collateral, out ParseError error)
    {
        collateral = null;
        error = default;
        if (json.Length > MaximumLength)
        {
            error = new ParseError("collateral", $"{json.Length} bytes are more than {MaximumLength}");
            return false;
        }

        ParseSteps.Add(json.Length);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                error = new ParseError("collateral", "not a JSON object");
                return false;
            }

            collateral = new SnpCollateral
            {
                Vcek = ReadCertificate(root, "vcek_der_b64"),
                Vlek = ReadCertificate(root, "vlek_der_b64"),
                Ask = ReadCertificate(root, "ask_der_b64"),
                Ark = ReadCertificate(root, "ark_der_b64"),
                Crl = ReadCrl(root),
            };
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            error = new ParseError("collateral", e.Message);
            return false;
        }
    }

    private static Certificate? ReadCertificate(JsonElement root, string name)
    {
        if (Read(root, name) is not { } der)
        {
            return null;
        }

        return Certificate.TryParse(der, out Certificate? certificate, out ParseError error) ? certificate : throw new FormatException($"{name}: {error}");
    }

    private static RevocationList? ReadCrl(JsonElement root)
    {
        if (Read(root, "crl_der_b64") is not { } der)
        {
            return null;
        }

        return RevocationList.TryParse(der, out RevocationList? list, out ParseError error) ? list : throw new FormatException($"crl_der_b64: {error}");
    }

    private static byte[]? Read(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out JsonElement element) || element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return Base64Text.TryDecode(element.GetString()!, out byte[] bytes) ? bytes : throw new FormatException($"{name}: not base64");
    }
}
