using Verathos.Client.Receipts;
using Verathos.Client.Trust;

namespace Verathos.Client.Bundles;

/// <summary>What became of a bundle.</summary>
/// <param name="Evidence">The evidence with its verdict.</param>
/// <param name="Receipt">The receipt's checks; null in a bundle of evidence alone, or when the evidence does not parse.</param>
/// <param name="SamePolicy">Whether the policy applied is, by its digest, the one that the bundle was saved under.</param>
public sealed record BundleVerdict(AppraisedEvidence Evidence, ReceiptVerdict? Receipt, bool SamePolicy)
{
    /// <summary>True when the evidence was accepted and there is a receipt that holds. Ask this of a file that is to prove an answer.</summary>
    public bool ProvesAnswer => Evidence.Verdict.IsAccepted && Receipt is { Valid: true };

    /// <summary>True when the evidence was accepted and the receipt, where there is one, holds. A bundle of evidence alone proves no answer: see <see cref="ProvesAnswer"/>.</summary>
    public bool IsAccepted => Evidence.Verdict.IsAccepted && Receipt is not { Valid: false };
}
