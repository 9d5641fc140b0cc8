using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Verathos.Enclave.Remote;
using Verathos.Protocol.Grpc;

namespace Verathos.Enclave;

/// <summary>
/// An enclave in another process, over its Unix socket. It never blocks on a process that is away: calls fail with
/// <see cref="EnclaveFailure.ConnectionLost"/>, the status says why, and the next call finds a process that has come back.
/// </summary>
public sealed class GrpcEnclave : IEnclave
{
    private const int MaxPiece = 64 * 1024;
    private const int MaxMessage = 8 * 1024 * 1024;
    private static readonly TimeSpan StatusPatience = TimeSpan.FromSeconds(2);
    private readonly GrpcChannel _channel;
    private readonly EnclaveService.EnclaveServiceClient _client;
    private readonly string _path;
    private EnclaveStatus? _lastStatus;

    private GrpcEnclave(GrpcChannel channel, string path)
    {
        _channel = channel;
        _client = new EnclaveService.EnclaveServiceClient(channel);
        _path = path;
    }

    /// <summary>Prepares calls to the enclave behind a socket; nothing is opened before the first.</summary>
    public static GrpcEnclave Connect(string unixSocketPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(unixSocketPath);
        string path = Path.GetFullPath(unixSocketPath);
        SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
            EnableMultipleHttp2Connections = true,
            UseProxy = false,
        };
        GrpcChannel channel = GrpcChannel.ForAddress("http://enclave", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxMessage,
        });
        return new GrpcEnclave(channel, path);
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetEvidenceAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken = default)
    {
        EvidenceResponse response = await CallAsync(
            _client.GetEvidenceAsync(new EvidenceRequest { Nonce = ByteString.CopyFrom(nonce.Span) }, cancellationToken: cancellationToken).ResponseAsync,
            cancellationToken).ConfigureAwait(false);
        return response.Collection.ToByteArray();
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetOhttpKeysAsync(CancellationToken cancellationToken = default)
    {
        OhttpKeysResponse response = await CallAsync(
            _client.GetOhttpKeysAsync(new OhttpKeysRequest(), cancellationToken: cancellationToken).ResponseAsync, cancellationToken).ConfigureAwait(false);
        return response.Keys.ToByteArray();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> HandleAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> request,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using AsyncDuplexStreamingCall<HandleRequest, HandleResponse> call = _client.Handle(cancellationToken: cancellation.Token);
        Task sending = SendAsync(call.RequestStream, request, cancellation);
        try
        {
            while (await NextAsync(call.ResponseStream, sending, cancellationToken).ConfigureAwait(false) is { } response)
            {
                if (response.Refused)
                {
                    throw new EnclaveException(EnclaveFailure.Undecryptable, "The request does not decapsulate.");
                }

                yield return response.Data.Memory;
            }
        }
        finally
        {
            await cancellation.CancelAsync().ConfigureAwait(false);
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public async Task<EnclaveStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(StatusPatience);
        try
        {
            StatusResponse response = await _client.GetStatusAsync(new StatusRequest(), cancellationToken: patience.Token).ResponseAsync.ConfigureAwait(false);
            return _lastStatus = StatusMessage.Read(response);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return Away(FailureMetadata.FromRpc(exception, _path).Message);
        }
        catch (RpcException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<T> CallAsync<T>(Task<T> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call.ConfigureAwait(false);
        }
        catch (RpcException exception)
        {
            throw Translate(exception, cancellationToken);
        }
    }

    private async Task<HandleResponse?> NextAsync(IAsyncStreamReader<HandleResponse> responses, Task sending, CancellationToken cancellationToken)
    {
        try
        {
            return await responses.MoveNext(CancellationToken.None).ConfigureAwait(false) ? responses.Current : null;
        }
        catch (RpcException exception)
        {
            if (sending.IsFaulted)
            {
                // The host's own reading of the request failed: that is the cause, and the host's to handle.
                await sending.ConfigureAwait(false);
            }

            throw Translate(exception, cancellationToken);
        }
    }

    private Exception Translate(RpcException exception, CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested
        ? new OperationCanceledException(cancellationToken)
        : FailureMetadata.FromRpc(exception, _path);

    private static async Task SendAsync(IClientStreamWriter<HandleRequest> stream, IAsyncEnumerable<ReadOnlyMemory<byte>> request, CancellationTokenSource cancellation)
    {
        IAsyncEnumerator<ReadOnlyMemory<byte>> pieces = request.GetAsyncEnumerator(cancellation.Token);
        await using (pieces.ConfigureAwait(false))
        {
            while (await NextPieceAsync(pieces, cancellation).ConfigureAwait(false))
            {
                for (ReadOnlyMemory<byte> piece = pieces.Current; piece.Length > 0; piece = piece[Math.Min(piece.Length, MaxPiece)..])
                {
                    ReadOnlyMemory<byte> part = piece[..Math.Min(piece.Length, MaxPiece)];
                    try
                    {
                        await stream.WriteAsync(new HandleRequest { Data = UnsafeByteOperations.UnsafeWrap(part) }, cancellation.Token).ConfigureAwait(false);
                    }
                    catch (Exception exception) when (exception is RpcException or InvalidOperationException or OperationCanceledException)
                    {
                        // The enclave has answered or gone; the answer's side tells which.
                        return;
                    }
                }
            }

            try
            {
                await stream.CompleteAsync().ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is RpcException or InvalidOperationException or OperationCanceledException)
            {
                // As above.
            }
        }
    }

    private static async ValueTask<bool> NextPieceAsync(IAsyncEnumerator<ReadOnlyMemory<byte>> pieces, CancellationTokenSource cancellation)
    {
        try
        {
            return await pieces.MoveNextAsync().ConfigureAwait(false);
        }
        catch
        {
            // A request that breaks off must not look complete to the enclave.
            await cancellation.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private EnclaveStatus Away(string reason)
    {
        EnclaveStatus? last = _lastStatus;
        return last is null
            ? new EnclaveStatus
            {
                Model = "unknown",
                Models = [],
                Ready = false,
                NotReadyReason = reason,
                Simulated = false,
                Tee = "unknown",
                Topology = "split",
                ManifestRoot = default,
                KeysetDigest = default,
                KeysetNotAfter = DateTimeOffset.UnixEpoch,
                ContextLength = 0,
                Counters = new Serving.EnclaveMetrics().Read(0, default),
            }
            : last with { Ready = false, NotReadyReason = reason, KeysetDigest = default, KeysetNotAfter = DateTimeOffset.UnixEpoch };
    }
}
