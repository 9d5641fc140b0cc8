using Google.Protobuf;
using Grpc.Core;
using Verathos.Protocol.Grpc;
using Verathos.Training;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>The coordinator's end of <c>Protocol/Training.proto</c>.</summary>
internal sealed class CoordinatorService(Coordinator coordinator, RunFileBytes file) : TrainingCoordinatorService.TrainingCoordinatorServiceBase
{
    private const int PieceSize = 1 << 20;
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(20);

    public override Task<RunResponse> GetRun(RunRequest request, ServerCallContext context) =>
        Task.FromResult(new RunResponse { File = UnsafeByteOperations.UnsafeWrap(file.Bytes) });

    public override async Task<StateResponse> GetState(StateRequest request, ServerCallContext context)
    {
        TimeSpan wait = TimeSpan.FromMilliseconds(request.WaitMs);
        await coordinator.WaitAsync(request.Version, wait < s_longestWait ? wait : s_longestWait, context.CancellationToken).ConfigureAwait(false);
        RunProgress progress = coordinator.Progress;
        StateResponse response = new()
        {
            Version = progress.Version,
            Round = progress.Round,
            Phase = progress.Phase,
            DeadlineMs = progress.Deadline.ToUnixTimeMilliseconds(),
            Members = (uint)progress.Members,
            Committed = (uint)progress.Committed,
            Revealed = (uint)progress.Revealed,
            BaseModelRoot = ByteString.CopyFrom(progress.BaseModelRoot.Span),
            OutcomeRound = progress.OutcomeRound,
        };
        if (request.Worker.Length == WorkerKey.Length)
        {
            (response.HasCommitted, response.HasRevealed, ReadOnlyMemory<byte> keyset) = coordinator.Of(new WorkerKey(request.Worker.Span));
            response.KeysetDigest = ByteString.CopyFrom(keyset.Span);
        }

        return response;
    }

    public override Task<NonceResponse> GetNonce(NonceRequest request, ServerCallContext context) => coordinator.MakeNonce() is { } nonce
        ? Task.FromResult(new NonceResponse { Nonce = UnsafeByteOperations.UnsafeWrap(nonce) })
        : throw new RpcException(new Status(StatusCode.ResourceExhausted, "too many nonces are out; try again in a minute"));

    public override async Task<JoinResponse> Join(JoinRequest request, ServerCallContext context)
    {
        (JoinReply reply, string detail) = await Task.Run(() =>
        {
            JoinReply decided = coordinator.Join(request.Request.Memory, request.Hotkey.Span, request.Nonce.Memory, request.Evidence.Memory, request.Address, out string found);
            return (decided, found);
        }).ConfigureAwait(false);
        return new JoinResponse { Reply = reply.ToString(), Detail = detail };
    }

    public override Task<RoundResponse> GetRound(RoundRequest request, ServerCallContext context) =>
        Task.FromResult(new RoundResponse { Settings = coordinator.Settings(request.Round) is { } settings ? UnsafeByteOperations.UnsafeWrap(settings) : ByteString.Empty });

    public override async Task GetModel(ModelRequest request, IServerStreamWriter<Piece> responseStream, ServerCallContext context)
    {
        byte[] model = coordinator.Model(request.Round) ?? throw new RpcException(new Status(StatusCode.NotFound, $"the model that round {request.Round} starts from is not kept"));
        await SendAsync(model, responseStream, context.CancellationToken).ConfigureAwait(false);
    }

    public override Task<ReplyResponse> Commit(CommitRequest request, ServerCallContext context) =>
        Task.FromResult(Reply(request.Worker, worker => coordinator.Commit(worker, request.Commitment.Memory, request.Request.Memory)));

    public override Task<ReplyResponse> Reveal(RevealRequest request, ServerCallContext context) => Task.FromResult(Reply(request.Worker, worker => coordinator.Reveal(
        worker, request.Salt.Memory, request.Record.Memory, request.SealedGradient.Memory, [.. request.Links.Select(static link => link.Memory)], request.Request.Memory)));

    public override async Task GetReveals(RevealsRequest request, IServerStreamWriter<RevealedMessage> responseStream, ServerCallContext context)
    {
        IReadOnlyList<RelayedReveal> reveals = coordinator.Reveals(request.Round, request.Request.Memory)
            ?? throw new RpcException(new Status(StatusCode.FailedPrecondition, $"the reveals of round {request.Round} are not to be had: they are given to the run's validators, from the close of reveals to the outcome"));
        foreach ((RoundContribution contribution, IReadOnlyList<KeptRecord> links, string address) in reveals)
        {
            MemberEvidence? evidence = coordinator.Evidence(contribution.Keyset.Digest);
            RevealedMessage message = new()
            {
                Worker = ByteString.CopyFrom(contribution.Worker.Bytes),
                Record = UnsafeByteOperations.UnsafeWrap(contribution.Message),
                SealedGradient = UnsafeByteOperations.UnsafeWrap(contribution.Gradient),
                Keyset = UnsafeByteOperations.UnsafeWrap(contribution.Keyset.Encoded),
                Evidence = evidence is null ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(evidence.Raw),
                Nonce = evidence is null ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(evidence.Nonce),
                RequestedAtMs = evidence?.RequestedAt.ToUnixTimeMilliseconds() ?? 0,
                Address = address,
            };
            message.Links.AddRange(links.Select(Message));
            await responseStream.WriteAsync(message, context.CancellationToken).ConfigureAwait(false);
        }
    }

    public override async Task GetRecords(RecordsRequest request, IServerStreamWriter<RecordMessage> responseStream, ServerCallContext context)
    {
        IReadOnlyList<KeptRecord> records = (request.Worker.Length == WorkerKey.Length ? coordinator.Records(new WorkerKey(request.Worker.Span), request.After, request.Request.Memory) : null)
            ?? throw new RpcException(new Status(StatusCode.PermissionDenied, "records are given to the run's validators"));
        foreach (KeptRecord record in records)
        {
            await responseStream.WriteAsync(Message(record), context.CancellationToken).ConfigureAwait(false);
        }
    }

    public override async Task<ReplyResponse> PutOutcome(OutcomeRequest request, ServerCallContext context)
    {
        RoundReply reply = await Task.Run(() => coordinator.Judge(request.Statement.Memory, request.Aggregate.Memory)).ConfigureAwait(false);
        return new ReplyResponse { Reply = reply.ToString() };
    }

    public override Task<OutcomeResponse> GetOutcome(RoundRequest request, ServerCallContext context) => Task.FromResult(coordinator.Outcome(request.Round) is var (statement, aggregate)
        ? new OutcomeResponse { Statement = UnsafeByteOperations.UnsafeWrap(statement), Aggregate = UnsafeByteOperations.UnsafeWrap(aggregate) }
        : new OutcomeResponse());

    internal static async Task SendAsync(ReadOnlyMemory<byte> bytes, IServerStreamWriter<Piece> stream, CancellationToken cancellationToken)
    {
        for (; bytes.Length > 0; bytes = bytes[Math.Min(bytes.Length, PieceSize)..])
        {
            await stream.WriteAsync(new Piece { Data = UnsafeByteOperations.UnsafeWrap(bytes[..Math.Min(bytes.Length, PieceSize)]) }, cancellationToken).ConfigureAwait(false);
        }
    }

    private RecordMessage Message(KeptRecord record)
    {
        MemberEvidence? evidence = coordinator.Evidence(record.Signed.Keyset.Digest);
        return new RecordMessage
        {
            Record = UnsafeByteOperations.UnsafeWrap(record.Signed.Message),
            Keyset = UnsafeByteOperations.UnsafeWrap(record.Signed.Keyset.Encoded),
            Evidence = evidence is null ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(evidence.Raw),
            Nonce = evidence is null ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(evidence.Nonce),
            RequestedAtMs = evidence?.RequestedAt.ToUnixTimeMilliseconds() ?? 0,
        };
    }

    private static ReplyResponse Reply(ByteString worker, Func<WorkerKey, RoundReply> take) =>
        new() { Reply = (worker.Length == WorkerKey.Length ? take(new WorkerKey(worker.Span)) : RoundReply.NotAMember).ToString() };
}
