using System.Runtime.CompilerServices;
using Verathos.Enclave;

namespace Verathos.Host.Front;

/// <summary>An enclave that is still starting: unavailable until the real one is put in its place.</summary>
public sealed class DeferredEnclave : IEnclave
{
    private IEnclave? _enclave;

    /// <summary>Whether the enclave is in its place.</summary>
    public bool IsSet => Volatile.Read(ref _enclave) is not null;

    /// <summary>Puts the enclave in its place and takes ownership of it.</summary>
    public void Set(IEnclave enclave)
    {
        ArgumentNullException.ThrowIfNull(enclave);
        if (Interlocked.CompareExchange(ref _enclave, enclave, null) is not null)
        {
            throw new InvalidOperationException("the enclave is already in its place");
        }
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetEvidenceAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken = default) =>
        await Real().GetEvidenceAsync(nonce, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<byte[]> GetOhttpKeysAsync(CancellationToken cancellationToken = default) =>
        await Real().GetOhttpKeysAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> HandleAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (ReadOnlyMemory<byte> piece in Real().HandleAsync(request, cancellationToken).ConfigureAwait(false))
        {
            yield return piece;
        }
    }

    /// <inheritdoc/>
    public async Task<EnclaveStatus> GetStatusAsync(CancellationToken cancellationToken = default) =>
        await Real().GetStatusAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Volatile.Read(ref _enclave)?.DisposeAsync() ?? ValueTask.CompletedTask;

    private IEnclave Real() =>
        Volatile.Read(ref _enclave) ?? throw new EnclaveException(EnclaveFailure.Unavailable, "the enclave is starting");
}
