using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;

namespace Verathos.Host.Drills;

/// <summary>One exchange of the client that is attacked.</summary>
/// <param name="Node">The address that it was given.</param>
/// <param name="Policy">Its policy.</param>
/// <param name="Anchors">Its roots.</param>
/// <param name="Request">What it asks.</param>
internal sealed record DrillCall(Uri Node, Policy Policy, TrustAnchors Anchors, InferenceRequest Request)
{
    /// <summary>The attacker on the wire; null for none.</summary>
    public HttpMessageHandler? Wire { get; init; }

    /// <summary>The receipts that it saw before.</summary>
    public ReceiptLedger Ledger { get; init; } = new();

    /// <summary>How often it asks, in one session; the last exchange counts.</summary>
    public int Exchanges { get; init; } = 1;

    /// <summary>Whether answers must be committed to.</summary>
    public TraceRequirement Trace { get; init; }

    /// <summary>Whether its caller allowed simulated evidence.</summary>
    public bool AllowSimulated { get; init; } = true;
}
