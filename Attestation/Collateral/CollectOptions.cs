namespace Verathos.Attestation.Collateral;

/// <summary>When a stored document is good enough, and when its service is asked.</summary>
public sealed record CollectOptions
{
    /// <summary>A stored document that is older than this is fetched again, though its own time is not over. Certificates and references never change.</summary>
    public TimeSpan MaximumAge { get; init; } = TimeSpan.FromDays(1);

    /// <summary>True to ask the services for everything, whatever is stored.</summary>
    public bool Refresh { get; init; }
}
