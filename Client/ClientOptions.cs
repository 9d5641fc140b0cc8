using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Client.Receipts;

namespace Verathos.Client;

/// <summary>What a client trusts and how it reaches nodes.</summary>
public sealed record ClientOptions
{
    /// <summary>The policy that rules on evidence; null is the strict production policy tdx-h100.</summary>
    public Policy? Policy { get; init; }

    /// <summary>The roots that evidence must chain to; null are the built-in Intel and NVIDIA ones.</summary>
    public TrustAnchors? TrustAnchors { get; init; }

    /// <summary>
    /// Whether an accepting verdict over simulated evidence may be used. It relaxes no check: the policy must also name the simulated anchors.
    /// </summary>
    public bool AllowSimulated { get; init; }

    /// <summary>The model that answers requests that name none; null is a node's only one, or its first.</summary>
    public string? DefaultModel { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>What carries HTTP; null makes a pooled one that is disposed with the client.</summary>
    public HttpMessageHandler? HttpMessageHandler { get; init; }

    /// <summary>Where the node's sealed endpoint lies under its address.</summary>
    public string GatewayPath { get; init; } = "/verathos/gateway";

    /// <summary>How long fetching and verifying evidence may take.</summary>
    public TimeSpan AttestationTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the node may stay silent before and within an answer.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether answers must be committed to; those that are not are rejected before any text is given out.</summary>
    public TraceRequirement Trace { get; init; }

    /// <summary>Whether answers carry a ticket to audit them with, which holds prompt, answer and a secret. Nothing on the wire depends on it.</summary>
    public bool KeepTickets { get; init; }

    /// <summary>The receipts seen so far; share one between clients to notice equivocation across them.</summary>
    public ReceiptLedger Ledger { get; init; } = new();
}
