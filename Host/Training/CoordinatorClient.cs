using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Verathos.GpuRuntime.Training;
using Verathos.Protocol.Grpc;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>
/// Calls to a coordinator in the name of a key. One that is away is called again until it is back: a coordinator may be stopped and started at any time. Safe for
/// several threads.
/// </summary>
internal sealed class CoordinatorClient : IDisposable
{
    private const int MostMessage = 256 << 20;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly GrpcChannel _channel;
    private readonly TrainingCoordinatorService.TrainingCoordinatorServiceClient _client;
    private readonly ECDsa _key;
    private readonly TimeProvider _time;
    private readonly Action<string> _tell;
    private ReadOnlyMemory<byte> _run;
    private int _away;

    /// <summary>Prepares calls; nothing is opened before the first.</summary>
    /// <param name="address">http://HOST:PORT.</param>
    /// <param name="key">Signs requests; stays the caller's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Is told when the coordinator is away, and when it is back.</param>
    public CoordinatorClient(Uri address, ECDsa key, TimeProvider time, Action<string> tell)
    {
        (_key, _time, _tell) = (key, time, tell);
        Name = TrainingRequest.NameOf(CoseKey.From(key));
        _channel = CreateChannel(address);
        _client = new TrainingCoordinatorService.TrainingCoordinatorServiceClient(_channel);
        Address = address;
    }

    /// <summary>Where the coordinator is.</summary>
    public Uri Address { get; }

    /// <summary>SHA-256 of the key's COSE_Key: for a worker, its key.</summary>
    public ReadOnlyMemory<byte> Name { get; }

    /// <summary>A channel that finds a server again that was away.</summary>
    public static GrpcChannel CreateChannel(Uri address) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(10) },
        DisposeHttpClient = true,
        MaxReceiveMessageSize = MostMessage,
        MaxSendMessageSize = null,
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(100),
        MaxReconnectBackoff = TimeSpan.FromMilliseconds(500),
    });

    /// <summary>Fetches the run's file, or checks that the coordinator has the one that is given.</summary>
    /// <param name="own">The file that this member was given; null takes the coordinator's word for it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TrainingException">The coordinator runs another run.</exception>
    public async Task<RunFile> GetRunAsync(byte[]? own, CancellationToken cancellationToken)
    {
        RunResponse response = await CallAsync(options => _client.GetRunAsync(new RunRequest(), options), cancellationToken).ConfigureAwait(false);
        if (own is not null && !response.File.Span.SequenceEqual(own))
        {
            throw new TrainingException($"The coordinator at {Address} runs another run than the file given; compare the files, or name its own.");
        }

        RunFile run = RunFile.Parse(response.File.Span, $"of {Address}");
        _run = run.Id;
        return run;
    }

    /// <summary>The run's file, byte for byte.</summary>
    public async Task<byte[]> GetRunBytesAsync(CancellationToken cancellationToken) =>
        (await CallAsync(options => _client.GetRunAsync(new RunRequest(), options), cancellationToken).ConfigureAwait(false)).File.ToByteArray();

    /// <summary>Where the run is.</summary>
    public Task<StateResponse> GetStateAsync(ulong known, TimeSpan wait, ReadOnlyMemory<byte> worker, CancellationToken cancellationToken) => CallAsync(
        options => _client.GetStateAsync(new StateRequest { Version = known, WaitMs = (uint)wait.TotalMilliseconds, Worker = ByteString.CopyFrom(worker.Span) }, options), cancellationToken);

    /// <summary>A nonce for evidence.</summary>
    public async Task<byte[]> GetNonceAsync(CancellationToken cancellationToken) =>
        (await CallAsync(options => _client.GetNonceAsync(new NonceRequest(), options), cancellationToken).ConfigureAwait(false)).Nonce.ToByteArray();

    /// <summary>Joins.</summary>
    public Task<JoinResponse> JoinAsync(byte[] nonce, byte[] evidence, string address, CancellationToken cancellationToken) => CallAsync(
        options => _client.JoinAsync(
            new JoinRequest
            {
                Request = Sign("join", 0, RequestBodies.Join(nonce, evidence, address)),
                Hotkey = ByteString.CopyFrom(CoseKey.From(_key).Encode()),
                Nonce = ByteString.CopyFrom(nonce),
                Evidence = UnsafeByteOperations.UnsafeWrap(evidence),
                Address = address,
            },
            options),
        cancellationToken);

    /// <summary>The settings of a round; null where it was not begun.</summary>
    public async Task<RoundSettings?> GetRoundAsync(ulong round, IReadOnlyList<RoundValidator> validators, CancellationToken cancellationToken)
    {
        RoundResponse response = await CallAsync(options => _client.GetRoundAsync(new RoundRequest { Round = round }, options), cancellationToken).ConfigureAwait(false);
        return response.Settings.IsEmpty ? null
            : RoundSettingsEncoding.TryParse(response.Settings.Span, validators, out RoundSettings? settings) && (round == 0 || settings.Round == round) ? settings
            : throw new TrainingException($"The settings of round {round} that the coordinator gives are none.");
    }

    /// <summary>The model that a round starts from; the caller checks its root.</summary>
    public async Task<float[]> GetModelAsync(ulong round, int count, CancellationToken cancellationToken) => FlatModel.FromBytes(await CallAsync(
        async options =>
        {
            using AsyncServerStreamingCall<Piece> call = _client.GetModel(new ModelRequest { Round = round }, options);
            return await ReadAsync(call.ResponseStream, 4L * count, options.CancellationToken).ConfigureAwait(false);
        },
        cancellationToken).ConfigureAwait(false));

    /// <summary>Commits.</summary>
    public Task<RoundReply> CommitAsync(ulong round, byte[] commitment, CancellationToken cancellationToken) => ReplyAsync(
        options => _client.CommitAsync(
            new CommitRequest { Request = Sign("commit", round, commitment), Worker = ByteString.CopyFrom(Name.Span), Commitment = UnsafeByteOperations.UnsafeWrap(commitment) }, options),
        cancellationToken);

    /// <summary>Reveals.</summary>
    public Task<RoundReply> RevealAsync(
        ulong round, ReadOnlyMemory<byte> salt, ReadOnlyMemory<byte> record, ReadOnlyMemory<byte> sealedGradient, IReadOnlyList<ReadOnlyMemory<byte>> links, CancellationToken cancellationToken)
    {
        RevealRequest request = new()
        {
            Request = Sign("reveal", round, RequestBodies.Reveal(salt, record, sealedGradient, links)),
            Worker = ByteString.CopyFrom(Name.Span),
            Salt = UnsafeByteOperations.UnsafeWrap(salt),
            Record = UnsafeByteOperations.UnsafeWrap(record),
            SealedGradient = UnsafeByteOperations.UnsafeWrap(sealedGradient),
        };
        request.Links.AddRange(links.Select(static link => UnsafeByteOperations.UnsafeWrap(link)));
        return ReplyAsync(options => _client.RevealAsync(request, options), cancellationToken);
    }

    /// <summary>What was revealed in a round; null where it is not to be had any more.</summary>
    public async Task<IReadOnlyList<RevealedMessage>?> GetRevealsAsync(ulong round, CancellationToken cancellationToken)
    {
        try
        {
            return await CallAsync(
                async options =>
                {
                    using AsyncServerStreamingCall<RevealedMessage> call = _client.GetReveals(new RevealsRequest { Request = Sign("reveals", round, []), Round = round }, options);
                    List<RevealedMessage> messages = [];
                    while (await call.ResponseStream.MoveNext(options.CancellationToken).ConfigureAwait(false))
                    {
                        messages.Add(messages.Count < 512 ? call.ResponseStream.Current : throw new TrainingException("The coordinator gives more reveals than a round can have."));
                    }

                    return messages;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition)
        {
            return null;
        }
    }

    /// <summary>A worker's records after a number, as the coordinator has them; null for one that is none.</summary>
    public Task<IReadOnlyList<ShownRecord?>> GetRecordsAsync(WorkerKey worker, ulong after, int most, CancellationToken cancellationToken) => CallAsync<IReadOnlyList<ShownRecord?>>(
        async options =>
        {
            using AsyncServerStreamingCall<RecordMessage> call = _client.GetRecords(
                new RecordsRequest { Request = Sign("records", 0, RequestBodies.Records(worker, after)), Worker = ByteString.CopyFrom(worker.Bytes), After = after }, options);
            List<ShownRecord?> records = [];
            while (await call.ResponseStream.MoveNext(options.CancellationToken).ConfigureAwait(false))
            {
                records.Add(records.Count < most ? ShownRecord.Of(call.ResponseStream.Current) : throw new TrainingException("The coordinator gives more records than there can be."));
            }

            return records;
        },
        cancellationToken);

    /// <summary>Hands an outcome in.</summary>
    public Task<RoundReply> PutOutcomeAsync(ReadOnlyMemory<byte> statement, ReadOnlyMemory<byte> aggregate, CancellationToken cancellationToken) => ReplyAsync(
        options => _client.PutOutcomeAsync(new OutcomeRequest { Statement = UnsafeByteOperations.UnsafeWrap(statement), Aggregate = UnsafeByteOperations.UnsafeWrap(aggregate) }, options),
        cancellationToken);

    /// <summary>The outcome that ended a round; null where it has none.</summary>
    public async Task<(byte[] Statement, byte[] Aggregate)?> GetOutcomeAsync(ulong round, CancellationToken cancellationToken)
    {
        OutcomeResponse response = await CallAsync(options => _client.GetOutcomeAsync(new RoundRequest { Round = round }, options), cancellationToken).ConfigureAwait(false);
        return response.Statement.IsEmpty ? null : (response.Statement.ToByteArray(), response.Aggregate.ToByteArray());
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    /// <summary>Puts pieces together, up to a number of bytes.</summary>
    public static async Task<byte[]> ReadAsync(IAsyncStreamReader<Piece> pieces, long most, CancellationToken cancellationToken)
    {
        using MemoryStream whole = new();
        while (await pieces.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            if (whole.Length + pieces.Current.Data.Length > most)
            {
                throw new TrainingException($"The other side sends more than the {most} bytes that there can be.");
            }

            whole.Write(pieces.Current.Data.Span);
        }

        return whole.ToArray();
    }

    /// <summary>Signs a request over a body.</summary>
    public ByteString Sign(string operation, ulong round, ReadOnlySpan<byte> body) => UnsafeByteOperations.UnsafeWrap(new TrainingRequest
    {
        IssuedAt = _time.GetUtcNow(),
        Run = _run,
        Signer = Name,
        Operation = operation,
        Round = round,
        BodyDigest = SHA256.HashData(body),
    }.Sign(_key));

    private async Task<RoundReply> ReplyAsync(Func<CallOptions, AsyncUnaryCall<ReplyResponse>> call, CancellationToken cancellationToken)
    {
        ReplyResponse response = await CallAsync(call, cancellationToken).ConfigureAwait(false);
        return Enum.TryParse(response.Reply, out RoundReply reply) && Enum.IsDefined(reply) ? reply : RoundReply.None;
    }

    private Task<T> CallAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken) => CallAsync(
        async options =>
        {
            using AsyncUnaryCall<T> running = call(options);
            return await running.ResponseAsync.ConfigureAwait(false);
        },
        cancellationToken);

    // Every operation may be done again: what was taken before is answered as taken.
    private async Task<T> CallAsync<T>(Func<CallOptions, Task<T>> call, CancellationToken cancellationToken)
    {
        for (int failures = 0; ; failures++)
        {
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(s_patience);
            try
            {
                T result = await call(new CallOptions(cancellationToken: patience.Token)).ConfigureAwait(false);
                if (Interlocked.Exchange(ref _away, 0) != 0)
                {
                    _tell($"the coordinator at {Address} is back");
                }

                return result;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && IsAway(e))
            {
                if (failures >= 3 && Interlocked.Exchange(ref _away, 1) == 0)
                {
                    _tell($"the coordinator at {Address} does not answer; waiting for it");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(1000, 50 << Math.Min(failures, 5))), _time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (cancellationToken.IsCancellationRequested && e is RpcException or OperationCanceledException)
            {
                throw new OperationCanceledException(cancellationToken);
            }
        }
    }

    private static bool IsAway(Exception e) => e is OperationCanceledException
        || (e is RpcException rpc && rpc.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.DeadlineExceeded or StatusCode.Internal or StatusCode.ResourceExhausted or StatusCode.Unknown);
}
