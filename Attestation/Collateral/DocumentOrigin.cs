namespace Verathos.Attestation.Collateral;

/// <summary>Where a collected document came from.</summary>
public enum DocumentOrigin
{
    /// <summary>Nowhere: it is not to be had.</summary>
    Missing = 0,

    /// <summary>The disk cache.</summary>
    Cache,

    /// <summary>Its service.</summary>
    Network,

    /// <summary>The disk cache, because its service did not answer.</summary>
    CacheForLackOfService,
}
