using Verathos.Attestation.Policies;
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
        : at > expires ? $"the token ended on {expires.Text()}"
        : (token.Time("nbf") ?? token.Time("iat")) is not { } from ? "the token has no beginning"
        : at < from - Skew ? $"the token is valid from {from.Text()}"
        : null;

    /// <summary>The line that bounds how old a token may be; trust ends with it.</summary>
    public static void AddAge(CheckList checks, PolicyField<TimeSpan> line, IEnumerable<JsonWebToken> tokens, DateTimeOffset at)
    {
        DateTimeOffset? oldest = DateTimeOffset.MaxValue;
        foreach (JsonWebToken token in tokens)
        {
            DateTimeOffset? made = token.Time("iat") ?? token.Time("nbf");
            oldest = made is null || oldest is null ? null : made < oldest ? made : oldest;
        }

        checks.AddLine(line, "recent enough", maximum =>
            oldest is not { } issued ? "a token does not say when it was made"
            : at - issued is var age && age <= maximum ? null
            : $"a token is {age.TotalSeconds:F0} s old, more than {maximum.TotalSeconds:F0}");
        if (!line.IsWaived && oldest is { } start)
        {
            checks.EndTrustAt(start, line.Value);
        }
    }

    /// <summary>The line that the keys which signed are listed.</summary>
    public static void AddKeys(CheckList checks, PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> line, IReadOnlyList<byte[]?> thumbprints) =>
        checks.AddLine(line, "every key is listed", accepted =>
            thumbprints.Count == 0 || thumbprints.Contains(null) ? "a key is unknown"
            : thumbprints.FirstOrDefault(key => !accepted.Any(item => item.Span.SequenceEqual(key))) is { } other
                ? $"the key {Convert.ToHexStringLower(other)} is not listed"
            : null);

    /// <summary>The check that debugging is off: the line of a policy may waive it.</summary>
    public static void AddDebug(CheckList checks, PolicyField<bool>? line, string? problem)
    {
        if (line?.Waiver is { } reason)
        {
            checks.Waive(CheckNames.TokenDebug, reason, line.Line);
        }
        else if (problem is null)
        {
            checks.Pass(CheckNames.TokenDebug, "debug is off", line?.Line);
        }
        else
        {
            checks.Fail(CheckNames.TokenDebug, problem, line?.Line);
        }
    }

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
