namespace Verathos.Protocol.Evidence;

/// <summary>Numeric profiles in which a node commits what it computes.</summary>
public static class CommittedProfiles
{
    /// <summary>The served profile.</summary>
    public const string Served = "bf16-lane16/2";

    /// <summary>Whether receipts under a profile carry roots.</summary>
    public static bool Contains(string profile) => profile == Served;
}
