using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>A reveal as a coordinator relays it to validators.</summary>
/// <param name="Contribution">The contribution, its gradient sealed.</param>
/// <param name="Links">Records before it, with the keysets that signed them.</param>
/// <param name="Address">Where the worker is reached.</param>
internal sealed record RelayedReveal(RoundContribution Contribution, IReadOnlyList<KeptRecord> Links, string Address);
