using Google.Protobuf;
using Grpc.Core;
using Verathos.Protocol.Grpc;

namespace Verathos.Enclave.Remote;

/// <summary>The enclave's end of <c>Protocol/Enclave.proto</c>.</summary>
internal sealed class EnclaveServer(IEnclave enclave) : EnclaveService.EnclaveServiceBase
{
    public override async Task<EvidenceResponse> GetEvidence(EvidenceRequest request, ServerCallContext context)
    {
        byte[] evidence = await GuardAsync(() => enclave.GetEvidenceAsync(request.Nonce.Memory, context.CancellationToken)).ConfigureAwait(false);
        return new EvidenceResponse { Collection = UnsafeByteOperations.UnsafeWrap(evidence) };
    }

    public override async Task<OhttpKeysResponse> GetOhttpKeys(OhttpKeysRequest request, ServerCallContext context)
    {
        byte[] keys = await GuardAsync(() => enclave.GetOhttpKeysAsync(context.CancellationToken)).ConfigureAwait(false);
        return new OhttpKeysResponse { Keys = UnsafeByteOperations.UnsafeWrap(keys) };
    }

    public override async Task Handle(
        IAsyncStreamReader<HandleRequest> requestStream,
        IServerStreamWriter<HandleResponse> responseStream,
        ServerCallContext context)
    {
        try
        {
            await foreach (ReadOnlyMemory<byte> piece in enclave.HandleAsync(ReadAsync(requestStream, context.CancellationToken), context.CancellationToken).ConfigureAwait(false))
            {
                // Serialised before the write returns, so the piece may be reused afterwards.
                await responseStream.WriteAsync(new HandleResponse { Data = UnsafeByteOperations.UnsafeWrap(piece) }, context.CancellationToken).ConfigureAwait(false);
            }
        }
        catch (EnclaveException exception) when (exception.Failure == EnclaveFailure.Undecryptable)
        {
            await responseStream.WriteAsync(new HandleResponse { Refused = true }, context.CancellationToken).ConfigureAwait(false);
        }
        catch (EnclaveException exception)
        {
            throw FailureMetadata.ToRpc(exception);
        }
    }

    public override async Task<StatusResponse> GetStatus(StatusRequest request, ServerCallContext context)
    {
        EnclaveStatus status = await GuardAsync(() => enclave.GetStatusAsync(context.CancellationToken)).ConfigureAwait(false);
        return StatusMessage.From(status);
    }

    private static async Task<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (EnclaveException exception)
        {
            throw FailureMetadata.ToRpc(exception);
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        IAsyncStreamReader<HandleRequest> stream,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await stream.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            yield return stream.Current.Data.Memory;
        }
    }
}
