using System.Text.Json;

namespace Verathos.Attestation.Policies;

/// <summary>What one claim of a token, or one setting of a guest, must be: one of several values, or a number of at least so much.</summary>
/// <param name="Accepted">The accepted values: strings, numbers or truth values; empty where <paramref name="Minimum"/> counts.</param>
/// <param name="Minimum">The least number; null where a value of <paramref name="Accepted"/> is required.</param>
public sealed record ClaimRule(IReadOnlyList<JsonElement> Accepted, long? Minimum)
{
    /// <summary>Why a claim does not meet the rule; null where it does. A claim that is absent never does.</summary>
    internal string? Problem(string name, JsonElement? claim) =>
        claim is not { } value ? $"{name} is not there"
        : Minimum is { } least ? (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least ? null : $"{name} {value.GetRawText()} is below {least}, or no number")
        : Accepted.Any(item => JsonElement.DeepEquals(item, value)) ? null
        : $"{name} {value.GetRawText()} is not accepted";
}
