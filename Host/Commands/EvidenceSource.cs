using Verathos.Attestation;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Bundles;
using Verathos.Client.Receipts;
using Verathos.Client.Trust;

namespace Verathos.Host.Commands;

/// <summary>Evidence to look at, of whatever kind.</summary>
internal abstract record EvidenceSource
{
    /// <summary>What it is, in words.</summary>
    public abstract string Name { get; }

    /// <summary>Why collateral that was to be collected is not whole; null where it is, or nothing was to be collected.</summary>
    public string? CollateralProblem { get; init; }

    /// <summary>True for a lone quote, report or token, which is no node's whole evidence.</summary>
    public virtual bool IsPiece => false;

    /// <summary>Verifies it, and with a policy appraises it.</summary>
    public abstract Appraised Appraise(Policy? policy, TrustAnchors anchors);

    /// <summary>The outcome.</summary>
    /// <param name="Source">What was looked at.</param>
    /// <param name="Verdict">The verdict.</param>
    /// <param name="Evidence">The parts of a node's evidence, where it is one.</param>
    /// <param name="Receipt">The checks of the receipt in a bundle.</param>
    /// <param name="SamePolicy">For a bundle: whether the policy is the one that it was saved under.</param>
    public sealed record Appraised(EvidenceSource Source, Verdict Verdict, AppraisedEvidence? Evidence = null, ReceiptVerdict? Receipt = null, bool? SamePolicy = null)
    {
        /// <summary>True when it is simulated, by its anchors or by its own word.</summary>
        public bool Simulated => Evidence?.Simulated ?? Verdict.Simulated;
    }

    public sealed record Bundle(ProofBundle Value, DateTimeOffset? At, TimeSource Time) : EvidenceSource
    {
        public override string Name => "a saved bundle";

        /// <summary>Whether the answer in it must commit to its computation.</summary>
        public TraceRequirement Trace { get; init; }

        public override Appraised Appraise(Policy? policy, TrustAnchors anchors)
        {
            BundleVerdict verdict = BundleVerifier.Verify(Value, policy, anchors, At, Time, Trace);
            return new Appraised(this, verdict.Evidence.Verdict, verdict.Evidence, verdict.Receipt, verdict.SamePolicy);
        }
    }

    public sealed record Collection(ReadOnlyMemory<byte> Raw, byte[] Nonce, DateTimeOffset RequestedAt, DateTimeOffset At, TimeSource Time) : EvidenceSource
    {
        public override string Name => "a node's evidence";

        public override Appraised Appraise(Policy? policy, TrustAnchors anchors)
        {
            AppraisedEvidence evidence = EvidenceVerifier.Appraise(Raw, Nonce, RequestedAt, policy, anchors, At, Time);
            return new Appraised(this, evidence.Verdict, evidence);
        }
    }

    public sealed record Piece(BatchRequest Request) : EvidenceSource
    {
        public override string Name => Request.Format switch
        {
            EvidenceFormat.Quote => "a quote",
            EvidenceFormat.SnpReport => "an SEV-SNP report",
            EvidenceFormat.GpuReport => "a GPU report",
            EvidenceFormat.AzureHcl => "an Azure guest's evidence",
            EvidenceFormat.NvidiaToken => "NVIDIA's tokens",
            _ => "a token of Azure's",
        };

        public override bool IsPiece => true;

        public override Appraised Appraise(Policy? policy, TrustAnchors anchors) =>
            new(this, BatchVerifier.Summarise(new BatchVerifier(TimeProvider.System).Appraise(Request with { Policy = policy, Anchors = anchors })));
    }
}
