using Verathos.Attestation;
using Verathos.Attestation.Policies;

namespace Verathos.Validator.Training;

/// <summary>How a model's training is checked.</summary>
/// <param name="Folder">The model's folder.</param>
/// <param name="Policy">The policy for the keysets' evidence.</param>
/// <param name="Anchors">The roots that it must lead to.</param>
/// <param name="Threads">Threads of the arithmetic; they change no bit.</param>
public sealed record TrainingVerifyOptions(string Folder, Policy Policy, TrustAnchors Anchors, int Threads)
{
    /// <summary>The seed by which a step is drawn.</summary>
    public ulong Seed { get; init; }

    /// <summary>The step to compute again, from 0; null draws one.</summary>
    public int? Step { get; init; }

    /// <summary>Whether the verifier answers for the times inside the evidence from its own knowledge; else they are its maker's word, which production policies do not take.</summary>
    public bool KnowsTimes { get; init; }

    /// <summary>Compares gradients within a tolerance although the bits could be compared.</summary>
    public bool WithinTolerance { get; init; }
}
