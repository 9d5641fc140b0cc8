using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tokens;

/// <summary>
/// The keys by which a relying party judges tokens (RFC 7517): archived with the evidence or pinned, never fetched because a token
/// names them.
/// </summary>
internal sealed class JsonWebKeySet
{
    private const int MaximumKeys = 256;

    private readonly List<JsonElement> _keys;

    private JsonWebKeySet(List<JsonElement> keys) => _keys = keys;

    /// <summary>Reads the member <c>jwks</c> of a line's collateral. False with no error where the collateral is empty.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> collateral, out JsonWebKeySet? keys, out string problem)
    {
        keys = null;
        problem = "no key set, so nothing says whose signature this is";
        if (collateral.IsEmpty)
        {
            return false;
        }

        ParseSteps.Add(collateral.Length);
        try
        {
            JsonElement root = CheckedJson.Parse(collateral.Span, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            JsonElement set = root.TryGetProperty("jwks", out JsonElement inner) ? inner : root;
            JsonElement list = set.GetProperty("keys");
            if (list.GetArrayLength() > MaximumKeys)
            {
                problem = $"the key set has more than {MaximumKeys} keys";
                return false;
            }

            keys = new JsonWebKeySet([.. list.EnumerateArray().Where(key => key.ValueKind == JsonValueKind.Object)]);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            problem = "the collateral is not {\"jwks\": {\"keys\": [...]}}";
            return false;
        }
    }

    /// <summary>Why no key of the set signed the token; null where the one that the token names did.</summary>
    /// <param name="token">The token.</param>
    /// <param name="algorithm">The one algorithm that its issuer uses: <c>RS256</c> or <c>ES384</c>.</param>
    /// <param name="pins">Where a caller gave roots: their pins, to which the key's certificates must lead. Empty otherwise.</param>
    /// <param name="at">The time at which those certificates must hold.</param>
    /// <param name="thumbprint">The thumbprint of the key that signed; null where none did.</param>
    public string? Verify(JsonWebToken token, string algorithm, ReadOnlySpan<byte> pins, DateTimeOffset at, out byte[]? thumbprint)
    {
        thumbprint = null;
        if (token.Algorithm != algorithm)
        {
            return $"the algorithm \"{token.Algorithm}\" is not {algorithm}";
        }

        if (token.KeyId is not { Length: > 0 } id)
        {
            return "the token names no key";
        }

        JsonElement[] named = [.. _keys.Where(key => JsonWebToken.Text(key, "kid") == id)];
        if (named.Length != 1)
        {
            return named.Length == 0 ? "the key that the token names is not in the key set" : "several keys of the set have that name";
        }

        if (JsonWebToken.Text(named[0], "alg") is { } bound && bound != algorithm)
        {
            return $"the key is for {bound}";
        }

        if (JsonWebToken.Text(named[0], "use") is { } use && use != "sig")
        {
            return "the key is not for signatures";
        }

        if (!pins.IsEmpty && ChainProblem(named[0], pins, at) is { } problem)
        {
            return problem;
        }

        bool signed = algorithm == "RS256"
            ? TryRsa(named[0], out RsaPublicKey? rsa)
                && rsa!.Verify(token.SignedBytes.Span, token.Signature.Span, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : TryEc(named[0], out EcPublicKey? ec) && ec!.KeySize == 384
                && ec.VerifyRaw(token.SignedBytes.Span, token.Signature.Span, HashAlgorithmName.SHA384);
        if (!signed)
        {
            return "the key did not sign this token";
        }

        thumbprint = JwkThumbprint.Of(named[0], Certificates(named[0]));
        return null;
    }

    private static string? ChainProblem(JsonElement key, ReadOnlySpan<byte> pins, DateTimeOffset at)
    {
        List<Certificate> certificates = Certificates(key);
        if (certificates.Count == 0)
        {
            return "the key has no certificates that could lead to the roots that were given";
        }

        return CertificatePath.TryBuild(certificates, pins, out CertificatePath? path, out string problem)
            ? path!.CheckValidity(at, out problem) ? null : problem
            : problem;
    }

    private static List<Certificate> Certificates(JsonElement key)
    {
        List<Certificate> certificates = [];
        if (!key.TryGetProperty("x5c", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
        {
            return certificates;
        }

        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || !item.TryGetBytesFromBase64(out byte[]? der) || !Certificate.TryParse(der, out Certificate? certificate, out _))
            {
                return [];
            }

            certificates.Add(certificate!);
        }

        return certificates;
    }

    private static bool TryRsa(JsonElement key, out RsaPublicKey? rsa)
    {
        rsa = null;
        if (JsonWebToken.Text(key, "kty") != "RSA")
        {
            return false;
        }

        // A key that has both its numbers and a certificate must be one and the same key.
        List<Certificate> certificates = Certificates(key);
        bool bare = TryNumbers(key, "n", "e", out byte[] modulus, out byte[] exponent) && RsaPublicKey.TryImport(modulus, exponent, out rsa);
        if (certificates.Count == 0)
        {
            return bare;
        }

        return certificates[0].TryGetRsaKey(out RsaPublicKey? certified) && (!bare || certified!.IsSame(rsa!)) && (rsa = certified) is not null;
    }

    private static bool TryEc(JsonElement key, out EcPublicKey? ec)
    {
        ec = null;
        if (JsonWebToken.Text(key, "kty") != "EC" || JsonWebToken.Text(key, "crv") != "P-384")
        {
            return false;
        }

        List<Certificate> certificates = Certificates(key);
        bool bare = TryNumbers(key, "x", "y", out byte[] x, out byte[] y) && x.Length == 48 && y.Length == 48
            && EcPublicKey.TryImportPoint([.. x, .. y], out ec);
        if (certificates.Count == 0)
        {
            return bare;
        }

        return certificates[0].TryGetKey(out EcPublicKey? certified) && (!bare || certified!.IsSame(ec!)) && (ec = certified) is not null;
    }

    private static bool TryNumbers(JsonElement key, string first, string second, out byte[] a, out byte[] b)
    {
        a = [];
        b = [];
        try
        {
            if (JsonWebToken.Text(key, first) is not { } one || JsonWebToken.Text(key, second) is not { } two)
            {
                return false;
            }

            a = JsonWebToken.Decode(Encoding.UTF8.GetBytes(one));
            b = JsonWebToken.Decode(Encoding.UTF8.GetBytes(two));
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
