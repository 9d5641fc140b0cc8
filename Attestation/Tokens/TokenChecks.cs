using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tokens;

/// <summary>The checks that tokens of every issuer have in common.</summary>
internal static class TokenChecks
{
    /// <summary>Clocks differ; a token from a minute ahead is no other token.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    /// <summary>Why the token does not hold at a time; null where it does. A token without an end never does.</summary>
    public static string? ValidityProblem(JsonWebToken token, DateTimeOffset at) =>
        token.Time("exp") is not { } expires ? "the token has no end"
        : at > expires ? $"the token ended on {expires:yyyy-MM-dd HH:mm:ss}Z"
        : (token.Time("nbf") ?? token.Time("iat")) is not { } from ? "the token has no beginning"
        : at < from - Skew ? $"the token is valid from {from:yyyy-MM-dd HH:mm:ss}Z"
        : null;

    /// <summary>Compares the whole of a nonce claim; hexadecimal of either case, or base64url.</summary>
    public static void AddNonce(CheckList checks, string? actual, ReadOnlyMemory<byte>? expected, bool required)
    {
        checks.Claim("token.nonce", actual ?? "none");
        if (expected is { } nonce)
        {
            checks.Add(CheckNames.TokenNonce, Equals(actual, nonce.Span) ? null : "the token answers another nonce", "answers the expected nonce");
        }
        else if (required)
        {
            checks.Fail(CheckNames.TokenNonce, "no expected nonce was given, so nothing says that the token is fresh");
        }
        else
        {
            checks.Claim("token.freshness", "not checked: no expected nonce was given");
        }
    }

    private static bool Equals(string? actual, ReadOnlySpan<byte> expected)
    {
        if (actual is null)
        {
            return false;
        }

        if (string.Equals(actual, Convert.ToHexString(expected), StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        return string.Equals(actual, System.Buffers.Text.Base64Url.EncodeToString(expected), StringComparison.Ordinal);
    }
}
