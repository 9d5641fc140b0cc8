using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Verathos.Attestation.Snp;

namespace Verathos.Attestation.Collateral.Fetch;

/// <summary>
/// AMD's Key Distribution Service (specification 57230, chapter 4). It gives out the certificates of chips' keys and the lists; the
/// certificates of lent keys (VLEK) go to cloud providers alone.
/// </summary>
internal sealed class AmdRequests(CollateralTransport transport, CollateralServices services)
{
    private readonly ConcurrentDictionary<SnpProduct, byte[]> _chains = new();

    public async Task<CollateralDocument> VcekAsync(CollateralItem.Vcek item, CancellationToken cancellationToken)
    {
        SnpTcb tcb = item.Tcb;
        string fmc = tcb.Fmc is { } value ? string.Create(CultureInfo.InvariantCulture, $"fmcSPL={value:D2}&") : "";
        string query = string.Create(
            CultureInfo.InvariantCulture, $"{fmc}blSPL={tcb.BootLoader:D2}&teeSPL={tcb.Tee:D2}&snpSPL={tcb.Snp:D2}&ucodeSPL={tcb.Microcode:D2}");
        CollateralAnswer answer = await transport.GetAsync(
            CollateralServices.At(services.AmdKds, $"vcek/v1/{item.Product}/{Convert.ToHexStringLower(item.HardwareId.Span)}?{query}"),
            transport.Limits.LongestSmall, cancellationToken).ConfigureAwait(false);
        return await WithChainAsync(item, item.Product, answer, cancellationToken).ConfigureAwait(false);
    }

    public async Task<CollateralDocument> CrlAsync(CollateralItem.AmdCrl item, CancellationToken cancellationToken)
    {
        CollateralAnswer answer = await transport.GetAsync(
            CollateralServices.At(services.AmdKds, $"vcek/v1/{item.Product}/crl"), transport.Limits.LongestList, cancellationToken).ConfigureAwait(false);
        return await WithChainAsync(item, item.Product, answer, cancellationToken).ConfigureAwait(false);
    }

    // The service gives the chain once for the whole product line, ASK first.
    private async Task<CollateralDocument> WithChainAsync(CollateralItem item, SnpProduct product, CollateralAnswer answer, CancellationToken cancellationToken)
    {
        _chains.TryGetValue(product, out byte[]? chain);
        if (chain is null)
        {
            CollateralAnswer authorities = await transport.GetAsync(
                CollateralServices.At(services.AmdKds, $"vcek/v1/{product}/cert_chain"), transport.Limits.LongestSmall, cancellationToken).ConfigureAwait(false);
            if (!Ascii.IsValid(authorities.Body.Span))
            {
                throw new CollateralException(FetchFailure.WrongContent, $"{authorities.Address.Host} answers with something else than the {product} chain in PEM");
            }

            _chains[product] = chain = authorities.Body.ToArray();
        }

        return new CollateralDocument { Kind = item.Kind, Name = item.Name, Body = answer.Body, ChainPem = chain, Source = answer.Address.AbsoluteUri };
    }
}
