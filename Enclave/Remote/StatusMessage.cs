using Google.Protobuf;
using Verathos.Protocol.Grpc;

namespace Verathos.Enclave.Remote;

/// <summary>The status as it crosses the socket.</summary>
internal static class StatusMessage
{
    /// <summary>To the wire.</summary>
    public static StatusResponse From(EnclaveStatus status) => new()
    {
        Model = status.Model,
        Ready = status.Ready,
        Detail = status.NotReadyReason ?? string.Empty,
        Simulated = status.Simulated,
        Tee = status.Tee,
        Topology = status.Topology,
        ManifestRoot = ByteString.CopyFrom(status.ManifestRoot.Span),
        KeysetDigest = ByteString.CopyFrom(status.KeysetDigest.Span),
        KeysetNotAfter = status.KeysetNotAfter.ToUnixTimeSeconds(),
        ContextLength = (uint)status.ContextLength,
        Queued = (uint)status.Queued,
        Active = (uint)status.Counters.Active,
        Requests = (ulong)status.Counters.Requests,
        Receipts = (ulong)status.Counters.Receipts,
        SealedErrors = (ulong)status.Counters.SealedErrors,
        Refused = (ulong)status.Counters.Undecryptable,
        Replays = (ulong)status.Counters.Replays,
        Abandoned = (ulong)status.Counters.Abandoned,
        PromptTokens = (ulong)status.Counters.PromptTokens,
        OutputTokens = (ulong)status.Counters.OutputTokens,
        Quotes = (ulong)status.Counters.Quotes,
        Nonces = (ulong)status.Counters.Nonces,
        Keysets = (ulong)status.Counters.Keysets,
        Openings = (ulong)status.Counters.Openings,
        OpeningsRefused = (ulong)status.Counters.OpeningsRefused,
        OpeningsFailed = (ulong)status.Counters.OpeningsFailed,
        Kept = (ulong)status.Counters.Kept,
        KeptBytes = (ulong)status.Counters.KeptBytes,
        Evicted = (ulong)status.Counters.Evicted,
        Models = { status.Models.Select(From) },
    };

    /// <summary>From the wire.</summary>
    public static EnclaveStatus Read(StatusResponse message) => new()
    {
        Model = message.Model,
        Models = [.. message.Models.Select(Read)],
        Ready = message.Ready,
        NotReadyReason = message.Detail.Length > 0 ? message.Detail : null,
        Simulated = message.Simulated,
        Tee = message.Tee,
        Topology = message.Topology,
        ManifestRoot = message.ManifestRoot.Memory,
        KeysetDigest = message.KeysetDigest.Memory,
        KeysetNotAfter = DateTimeOffset.FromUnixTimeSeconds(message.KeysetNotAfter),
        ContextLength = (int)message.ContextLength,
        Queued = (int)message.Queued,
        Counters = new EnclaveCounters
        {
            Active = (int)message.Active,
            Requests = (long)message.Requests,
            Receipts = (long)message.Receipts,
            SealedErrors = (long)message.SealedErrors,
            Undecryptable = (long)message.Refused,
            Replays = (long)message.Replays,
            Abandoned = (long)message.Abandoned,
            PromptTokens = (long)message.PromptTokens,
            OutputTokens = (long)message.OutputTokens,
            Quotes = (long)message.Quotes,
            Nonces = (long)message.Nonces,
            Keysets = (long)message.Keysets,
            Openings = (long)message.Openings,
            OpeningsRefused = (long)message.OpeningsRefused,
            OpeningsFailed = (long)message.OpeningsFailed,
            Kept = (long)message.Kept,
            KeptBytes = (long)message.KeptBytes,
            Evicted = (long)message.Evicted,
        },
    };

    private static ModelStatusMessage From(ModelStatus model) => new()
    {
        Name = model.Name,
        ManifestRoot = ByteString.CopyFrom(model.ManifestRoot.Span),
        Profile = model.Profile,
        ContextLength = (uint)model.ContextLength,
        Queued = (uint)model.Queued,
        Running = (uint)model.Running,
        Accepted = (ulong)model.Accepted,
        Receipts = (ulong)model.Receipts,
        PromptTokens = (ulong)model.PromptTokens,
        OutputTokens = (ulong)model.OutputTokens,
    };

    private static ModelStatus Read(ModelStatusMessage message) => new()
    {
        Name = message.Name,
        ManifestRoot = message.ManifestRoot.Memory,
        Profile = message.Profile,
        ContextLength = (int)message.ContextLength,
        Queued = (int)message.Queued,
        Running = (int)message.Running,
        Accepted = (long)message.Accepted,
        Receipts = (long)message.Receipts,
        PromptTokens = (long)message.PromptTokens,
        OutputTokens = (long)message.OutputTokens,
    };
}
