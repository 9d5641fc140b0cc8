namespace Verathos.Host.Drills.Attacks;

/// <summary>Where attacks come from.</summary>
internal static class Sources
{
    /// <summary>What a confidential node must survive.</summary>
    public const string Peers = "attacks on confidential nodes, collected from public peers and their users' reports";

    /// <summary>The traps of the evidence formats.</summary>
    public const string Formats = "traps of the evidence formats, met in other verifiers";

    /// <summary>The faults of the public implementation that this one replaces.</summary>
    public const string Predecessor = "the TEE mode of the public Verathos (SN96)";

    /// <summary>The attacks on fingerprints.</summary>
    public const string Fingerprints = "attacks on inference fingerprints";

    /// <summary>The attestation keys that were extracted.</summary>
    public const string StolenKey = "TEE.fail, WireTap, BatteringRAM: extracted attestation keys";
}
