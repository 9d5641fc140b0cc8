using System.Security.Cryptography;

namespace Verathos.Client.Trust;

/// <summary>Fetches a node's evidence for a fresh nonce, without judging it.</summary>
public sealed class EvidenceFetcher : IDisposable
{
    private readonly ClientOptions _options;
    private readonly HttpMessageInvoker _invoker;

    /// <summary>A fetcher that uses the options' handler and clock.</summary>
    public EvidenceFetcher(ClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _invoker = NodeHttp.CreateInvoker(options);
    }

    /// <summary>Makes a nonce and fetches the evidence for it.</summary>
    /// <exception cref="VerathosException">The node could not be reached or did not answer with evidence.</exception>
    public async Task<FetchedEvidence> FetchAsync(Uri node, CancellationToken cancellationToken = default)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(32);
        DateTimeOffset requestedAt = _options.TimeProvider.GetUtcNow();
        byte[] raw = await new NodeHttp(node, _options, _invoker).GetEvidenceAsync(nonce, cancellationToken).ConfigureAwait(false);
        return new FetchedEvidence(raw, nonce, requestedAt);
    }

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();
}
