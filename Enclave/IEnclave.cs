namespace Verathos.Enclave;

/// <summary>
/// What the untrusted host may ask of the trusted core: evidence, public keys, the answer to a sealed request, and a
/// status without content. Nothing that crosses this line lets the host read a prompt.
/// </summary>
/// <remarks>Failures arrive as <see cref="EnclaveException"/>; any other exception is a bug.</remarks>
public interface IEnclave : IAsyncDisposable
{
    /// <summary>The evidence collection for a nonce, with the current keyset.</summary>
    /// <param name="nonce">32 bytes that the verifier chose.</param>
    /// <param name="cancellationToken">Gives up waiting; a quote already asked for is still finished.</param>
    /// <returns>The encoded evidence collection (<c>application/cmw+cbor</c>).</returns>
    Task<byte[]> GetEvidenceAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken = default);

    /// <summary>The current <c>application/ohttp-keys</c> bytes (RFC 9458 section 3.2). Clients trust them only from evidence.</summary>
    Task<byte[]> GetOhttpKeysAsync(CancellationToken cancellationToken = default);

    /// <summary>Answers one encapsulated request.</summary>
    /// <param name="request">The bytes of a <c>message/ohttp-chunked-req</c>, cut anywhere.</param>
    /// <param name="cancellationToken">The client has gone: generation stops and its buffers are zeroed.</param>
    /// <returns>
    /// The bytes of a <c>message/ohttp-chunked-res</c>, to be sent on as they come. Each piece is valid until the next one
    /// is asked for. The first step throws <see cref="EnclaveException"/> with
    /// <see cref="EnclaveFailure.Undecryptable"/> for anything that does not decapsulate.
    /// </returns>
    IAsyncEnumerable<ReadOnlyMemory<byte>> HandleAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> request,
        CancellationToken cancellationToken = default);

    /// <summary>Readiness and counters, without content.</summary>
    Task<EnclaveStatus> GetStatusAsync(CancellationToken cancellationToken = default);
}
