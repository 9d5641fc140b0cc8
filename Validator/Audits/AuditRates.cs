using Verathos.Fingerprint.Statistics;
using Verathos.Validator.Configuration;
using Verathos.Validator.State;

namespace Verathos.Validator.Audits;

/// <summary>Which share of a node's receipts is audited: everything of whom nothing is known yet, and as much of the others as cheating must not pay.</summary>
/// <param name="configuration">The settings.</param>
/// <param name="requestsPerEpoch">Canaries of a node in an epoch.</param>
public sealed class AuditRates(ValidatorConfiguration configuration, int requestsPerEpoch)
{
    /// <summary>The bound that a node's evidence is compared with, in millionths of a nat.</summary>
    public long BoundMicro { get; } = EDetector.BoundMicro(configuration.Ban.ChecksPerYear, configuration.Ban.OneIn);

    /// <summary>The share, in millionths rounded up, and why it is that.</summary>
    /// <param name="node">The node as it stands.</param>
    /// <param name="epoch">The running epoch.</param>
    public (int RatePpm, string Reason) Of(NodeRow node, long epoch)
    {
        ArgumentNullException.ThrowIfNull(node);
        bool isFresh = epoch <= node.FreshUntilEpoch || node.BootId is null;
        AuditEconomicsConfiguration economics = configuration.Economics;
        double rate = new AuditEconomics
        {
            Saving = economics.Saving,
            Loss = economics.Loss,
            Detection = economics.Detection,
            Requests = Math.Max(1, requestsPerEpoch),
            Epochs = economics.Epochs,
            BoundMicro = BoundMicro,
            DriftMicro = economics.DriftMicro,
        }.Rate(node.Evidence, isFresh);
        return ((int)Math.Min(AuditSeed.All, Math.Ceiling(rate * AuditSeed.All)), isFresh ? "fresh" : "economics");
    }
}
