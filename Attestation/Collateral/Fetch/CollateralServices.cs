namespace Verathos.Attestation.Collateral.Fetch;

/// <summary>Where documents are fetched. No address of evidence or of an answer is ever used.</summary>
public sealed record CollateralServices
{
    /// <summary>Intel's Provisioning Certification Service.</summary>
    public Uri IntelPcs { get; init; } = new("https://api.trustedservices.intel.com/");

    /// <summary>Where Intel publishes the root's revocation list.</summary>
    public Uri IntelRootCrl { get; init; } = new("https://certificates.trustedservices.intel.com/IntelSGXRootCA.der");

    /// <summary>A caching service of one's own (PCCS) that stands in for both of Intel's; null where there is none.</summary>
    public Uri? Pccs { get; init; }

    /// <summary>AMD's Key Distribution Service.</summary>
    public Uri AmdKds { get; init; } = new("https://kdsintf.amd.com/");

    /// <summary>NVIDIA's service of reference measurements.</summary>
    public Uri NvidiaRim { get; init; } = new("https://rim.attestation.nvidia.com/");

    /// <summary>NVIDIA's OCSP responder.</summary>
    public Uri NvidiaOcsp { get; init; } = new("https://ocsp.ndis.nvidia.com/");

    /// <summary>Everything that is wrong with these addresses; empty where nothing is.</summary>
    public IReadOnlyList<string> Problems() =>
    [
        .. new[] { ("Intel PCS", IntelPcs), ("Intel root CRL", IntelRootCrl), ("PCCS", Pccs), ("AMD KDS", AmdKds), ("NVIDIA RIM", NvidiaRim), ("NVIDIA OCSP", NvidiaOcsp) }
            .Where(item => item.Item2 is { } address && !IsAllowed(address))
            .Select(item => $"{item.Item1}: {item.Item2} is not an https address (http serves this machine alone), or carries a name, a query or a fragment"),
    ];

    /// <summary>True for an address that may be asked: https, or http to this machine; no credentials, query or fragment.</summary>
    public static bool IsAllowed(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.IsAbsoluteUri && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
            && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0;
    }

    /// <summary>The address of a path below a service's.</summary>
    internal static Uri At(Uri service, string pathAndQuery) => new($"{service.AbsoluteUri.TrimEnd('/')}/{pathAndQuery}");
}
