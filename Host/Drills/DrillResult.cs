using System.Text.Json.Serialization;

namespace Verathos.Host.Drills;

/// <summary>One line of the report.</summary>
/// <param name="Name">The attack.</param>
/// <param name="Tried">Whether it was tried; false where it does not apply to the node.</param>
/// <param name="ExpectedCheck">The check that must refuse it.</param>
/// <param name="RefusedBy">The check that refused it; null where it got through or was not tried.</param>
/// <param name="Passed">Whether the expected check refused it; null where it was not tried.</param>
public sealed record DrillResult(string Name, bool Tried, string ExpectedCheck, string? RefusedBy, bool? Passed)
{
    /// <summary>Who refused: client, enclave, front or validator.</summary>
    [JsonPropertyName("by")]
    public string? By { get; init; }

    /// <summary>What the attacker does.</summary>
    public required string Attack { get; init; }

    /// <summary>The refusal in words, or why the attack was not tried.</summary>
    public required string Detail { get; init; }
}
