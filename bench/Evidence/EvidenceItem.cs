using Verathos.Attestation.Verdicts;

namespace Verathos.Bench.Evidence;

/// <summary>One piece of evidence with all that goes with it.</summary>
/// <param name="Name">Where it is from.</param>
/// <param name="Platform">What tells its platform from others.</param>
/// <param name="Verify">From bytes to verdict.</param>
/// <param name="Peer">The same for a peer; null where no peer reads the format.</param>
internal sealed record EvidenceItem(string Name, string Platform, Func<Verdict> Verify, PeerInput? Peer)
{
    /// <summary>Verifies the evidence of another platform under the same collateral, so that only what is this platform's own is new.</summary>
    public Func<Verdict>? VerifyAnother { get; init; }
}
