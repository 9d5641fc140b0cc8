using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Receipts;
using Verathos.Client.Trust;

namespace Verathos.Client.Bundles;

/// <summary>Verifies a bundle without the node: everything is in the file but the trust anchors and the policy, which are the verifier's own.</summary>
public static class BundleVerifier
{
    /// <summary>Appraises the evidence and checks the receipt against it.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="policy">The policy; null verifies without appraising.</param>
    /// <param name="anchors">The roots that everything must lead to.</param>
    /// <param name="at">The time of judgement; null takes the one that the bundle asserts, whatever <paramref name="source"/> says.</param>
    /// <param name="source">Where <paramref name="at"/> came from: <see cref="TimeSource.Verifier"/> when the verifier knows that time itself.</param>
    /// <param name="trace">Whether the answer must be committed to.</param>
    public static BundleVerdict Verify(
        ProofBundle bundle, Policy? policy, TrustAnchors anchors, DateTimeOffset? at = null, TimeSource source = TimeSource.Asserted, TraceRequirement trace = TraceRequirement.Served)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(anchors);
        AppraisedEvidence evidence = EvidenceVerifier.Appraise(
            bundle.Evidence, bundle.Nonce, bundle.RequestedAt, policy, anchors, at ?? bundle.JudgedAt, at is null ? TimeSource.Asserted : source);
        bool samePolicy = policy is not null && SHA256.HashData(bundle.Policy.Span).AsSpan().SequenceEqual(policy.Digest.Span);
        ReceiptVerdict? receipt = null;
        if (bundle is { Receipt: { } cose, Transcript: { } transcript } && evidence is { Keyset: not null, Manifest: not null, Configuration: not null })
            receipt = new ReceiptChecker(SignedStatement.From(evidence), null, null, trace).CheckReceipt(cose, transcript, out _, out _);

        return new BundleVerdict(evidence, receipt, samePolicy);
    }
}
