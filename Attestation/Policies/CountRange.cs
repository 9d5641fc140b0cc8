namespace Verathos.Attestation.Policies;

/// <summary>An inclusive range of counts.</summary>
/// <param name="Minimum">The least.</param>
/// <param name="Maximum">The most.</param>
public sealed record CountRange(int Minimum, int Maximum)
{
    /// <summary>Why a count does not lie in the range; null where it does.</summary>
    internal string? Problem(int count, string what) =>
        count >= Minimum && count <= Maximum ? null : $"{count} {what} where {Minimum} to {Maximum} are required";
}
