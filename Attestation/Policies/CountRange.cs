namespace Verathos.Attestation.Policies;

/// <summary>An inclusive range of counts.</summary>
/// <param name="Minimum">The least.</param>
/// <param name="Maximum">The most.</param>
public sealed record CountRange(int Minimum, int Maximum);
