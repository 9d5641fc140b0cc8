namespace Verathos.Attestation.Collateral.Fetch;

/// <summary>The vendors' services: asks the right one for a document. What comes back is not verified here.</summary>
public sealed class CollateralNetwork
{
    private readonly IntelRequests _intel;
    private readonly AmdRequests _amd;
    private readonly NvidiaRequests _nvidia;

    /// <summary>The services at their addresses.</summary>
    /// <param name="transport">What opens connections.</param>
    /// <param name="services">The addresses.</param>
    /// <param name="useOcspNonce">True to have OCSP answers made for each question; false to take those that the responder made before.</param>
    /// <exception cref="ArgumentException">An address may not be asked.</exception>
    public CollateralNetwork(CollateralTransport transport, CollateralServices services, bool useOcspNonce = false)
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentNullException.ThrowIfNull(services);
        if (services.Problems() is { Count: > 0 } problems)
        {
            throw new ArgumentException(string.Join("; ", problems), nameof(services));
        }

        _intel = new IntelRequests(transport, services);
        _amd = new AmdRequests(transport, services);
        _nvidia = new NvidiaRequests(transport, services, useOcspNonce);
    }

    /// <summary>Asks for a document.</summary>
    /// <exception cref="CollateralException">It is not to be had; the message names it.</exception>
    internal async Task<CollateralDocument> FetchAsync(CollateralItem item, CancellationToken cancellationToken)
    {
        try
        {
            return await (item switch
            {
                CollateralItem.PlatformTcb tcb => _intel.TcbInfoAsync(tcb, cancellationToken),
                CollateralItem.Qe qe => _intel.QeIdentityAsync(qe, cancellationToken),
                CollateralItem.PckCrl list => _intel.PckCrlAsync(list, cancellationToken),
                CollateralItem.RootCrl list => _intel.RootCrlAsync(list, cancellationToken),
                CollateralItem.Pck pck => _intel.PckAsync(pck, cancellationToken),
                CollateralItem.Vcek vcek => _amd.VcekAsync(vcek, cancellationToken),
                CollateralItem.AmdCrl list => _amd.CrlAsync(list, cancellationToken),
                CollateralItem.Rim rim => _nvidia.RimAsync(rim, cancellationToken),
                CollateralItem.Ocsp ocsp => _nvidia.OcspAsync(ocsp, cancellationToken),
                _ => throw new ArgumentException("no service has such documents", nameof(item)),
            }).ConfigureAwait(false);
        }
        catch (CollateralException e) when (!e.Message.StartsWith(item.Title, StringComparison.Ordinal))
        {
            throw new CollateralException(e.Failure, $"{item.Title}: {e.Message}", e);
        }
    }
}
