using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Tokens;

/// <summary>Writes signed tokens in compact form (RFC 7515 section 7.1) and key sets (RFC 7517).</summary>
internal static class JwtAuthor
{
    public static string Write(JsonObject header, JsonObject claims, Func<byte[], byte[]> sign, SignatureFault fault)
    {
        string signed = $"{Encode(header)}.{Encode(claims)}";
        byte[] signature = sign(Encoding.ASCII.GetBytes(signed));
        signature[0] ^= (byte)(fault == SignatureFault.BitFlipped ? 1 : 0);
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    public static JsonObject Ec(string id, ECDsa key)
    {
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-384",
            ["kid"] = id,
            ["use"] = "sig",
            ["alg"] = "ES384",
            ["x"] = Base64Url.EncodeToString(point.X),
            ["y"] = Base64Url.EncodeToString(point.Y),
        };
    }

    public static JsonObject Rsa(string id, RSA key)
    {
        RSAParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = id,
            ["use"] = "sig",
            ["n"] = Base64Url.EncodeToString(parameters.Modulus),
            ["e"] = Base64Url.EncodeToString(parameters.Exponent),
        };
    }

    public static JsonObject Set(JsonObject key) => new() { ["jwks"] = new JsonObject { ["keys"] = new JsonArray(key) } };

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
