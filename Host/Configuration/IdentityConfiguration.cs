namespace Verathos.Host.Configuration;

/// <summary>Who the node is in a subnet; bound into its evidence. All three members, or none.</summary>
public sealed record IdentityConfiguration
{
    /// <summary>The chain's genesis hash in 64 hex digits.</summary>
    public string? GenesisHash { get; init; }

    /// <summary>The subnet's number.</summary>
    public int? NetUid { get; init; }

    /// <summary>The node's hotkey, its public key in 64 hex digits.</summary>
    public string? Hotkey { get; init; }
}
