using System.Runtime.CompilerServices;
using Verathos.Enclave;

namespace Verathos.Host.Demo;

/// <summary>
/// Stands between the front and the enclave and keeps what the host hands over in both directions: all that a host can see of a
/// request and its answer.
/// </summary>
internal sealed class HostView(IEnclave enclave) : IEnclave
{
    private readonly MemoryStream _request = new();
    private readonly List<byte[]> _response = [];

    /// <summary>The latest request's bytes.</summary>
    public byte[] Request => _request.ToArray();

    /// <summary>The latest answer's pieces in order.</summary>
    public IReadOnlyList<byte[]> Response => _response;

    /// <summary>Why the enclave refused the latest request; null if it did not.</summary>
    public EnclaveFailure? Refusal { get; private set; }

    public Task<byte[]> GetEvidenceAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken = default) =>
        enclave.GetEvidenceAsync(nonce, cancellationToken);

    public Task<byte[]> GetOhttpKeysAsync(CancellationToken cancellationToken = default) => enclave.GetOhttpKeysAsync(cancellationToken);

    public Task<EnclaveStatus> GetStatusAsync(CancellationToken cancellationToken = default) => enclave.GetStatusAsync(cancellationToken);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> HandleAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        _request.SetLength(0);
        _response.Clear();
        Refusal = null;
        await using IAsyncEnumerator<ReadOnlyMemory<byte>> pieces = enclave.HandleAsync(Record(request), cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await pieces.MoveNextAsync().ConfigureAwait(false))
                {
                    yield break;
                }
            }
            catch (EnclaveException refusal)
            {
                Refusal = refusal.Failure;
                throw;
            }

            _response.Add(pieces.Current.ToArray());
            yield return pieces.Current;
        }
    }

    public ValueTask DisposeAsync() => enclave.DisposeAsync();

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> Record(IAsyncEnumerable<ReadOnlyMemory<byte>> request)
    {
        await foreach (ReadOnlyMemory<byte> piece in request.ConfigureAwait(false))
        {
            _request.Write(piece.Span);
            yield return piece;
        }
    }
}
