using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>A reveal as a validator reads it.</summary>
/// <param name="Contribution">The contribution, its gradient still sealed.</param>
/// <param name="Gradient">The gradient, opened; null where something is wrong.</param>
/// <param name="Fault">What is wrong, as a verdict; null where nothing is.</param>
/// <param name="Address">Where the worker is reached.</param>
/// <param name="Shown">The record with its evidence.</param>
/// <param name="Links">Records before it, as they were relayed; null for one that is none.</param>
internal sealed record ReadReveal(RoundContribution Contribution, byte[]? Gradient, string? Fault, string Address, ShownRecord Shown, IReadOnlyList<ShownRecord?> Links)
{
    /// <summary>Whether the record is the worker's own: evidence vouches for its keyset, and it is of this round; the gradient may be wrong all the same.</summary>
    public required bool IsVouched { get; init; }

    /// <summary>A name as verdicts have it: NotFinite becomes not-finite.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select(static (letter, i) => char.IsUpper(letter) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(letter) : letter.ToString()));
}
