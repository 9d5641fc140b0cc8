using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Verathos.Enclave;

namespace Verathos.Host.Tests.Front;

/// <summary>
/// An enclave whose answers a test writes: it reads the whole request, then sends what the test puts into <see cref="Answer"/>
/// or, by default, the request's own bytes. Requests that start with "garbage" do not decapsulate.
/// </summary>
internal sealed class ScriptedEnclave : IEnclave
{
    private int _active;

    /// <summary>When set, answers come from here, piece by piece, until it completes (with an exception, perhaps).</summary>
    public Channel<byte[]>? Answer { get; set; }

    /// <summary>When set, replaces the answer to evidence.</summary>
    public Func<ReadOnlyMemory<byte>, CancellationToken, Task<byte[]>>? Evidence { get; set; }

    public bool Ready { get; set; } = true;

    public bool Simulated { get; set; } = true;

    public int Active => Volatile.Read(ref _active);

    public List<byte[]> Requests { get; } = [];

    public TaskCompletionSource Ended { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<byte[]> GetEvidenceAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken = default) =>
        Evidence?.Invoke(nonce, cancellationToken) ?? Task.FromResult<byte[]>([0xA1, .. nonce.Span]);

    public Task<byte[]> GetOhttpKeysAsync(CancellationToken cancellationToken = default) => Task.FromResult<byte[]>([1, 2, 3]);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> HandleAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _active);
        try
        {
            using MemoryStream body = new();
            await foreach (ReadOnlyMemory<byte> piece in request.WithCancellation(cancellationToken))
            {
                body.Write(piece.Span);
            }

            Requests.Add(body.ToArray());
            if (body.ToArray().AsSpan().StartsWith("garbage"u8))
            {
                throw new EnclaveException(EnclaveFailure.Undecryptable, "the request does not open");
            }

            if (Answer is null)
            {
                yield return body.ToArray();
                yield break;
            }

            await foreach (byte[] piece in Answer.Reader.ReadAllAsync(cancellationToken))
            {
                yield return piece;
            }
        }
        finally
        {
            Interlocked.Decrement(ref _active);
            Ended.TrySetResult();
        }
    }

    public Task<EnclaveStatus> GetStatusAsync(CancellationToken cancellationToken = default) => Task.FromResult(new EnclaveStatus
    {
        Model = "scripted",
        Models =
        [
            new ModelStatus { Name = "scripted", ManifestRoot = new byte[32], Profile = "f32", ContextLength = 128, Accepted = 3, OutputTokens = 7 },
            new ModelStatus { Name = "other", ManifestRoot = new byte[32], Profile = "f32", ContextLength = 64, Queued = 2, Running = 1, Receipts = 4, PromptTokens = 9 },
        ],
        Ready = Ready,
        NotReadyReason = Ready ? null : "no keys yet",
        Simulated = Simulated,
        Tee = "simulated",
        Topology = "in-process",
        ManifestRoot = new byte[32],
        KeysetDigest = new byte[32],
        KeysetNotAfter = DateTimeOffset.UnixEpoch.AddYears(60),
        ContextLength = 128,
        Queued = 0,
        Counters = new EnclaveCounters
        {
            Requests = Requests.Count,
            Receipts = 0,
            SealedErrors = 0,
            Undecryptable = 0,
            Replays = 0,
            Abandoned = 0,
            Active = Active,
            PromptTokens = 0,
            OutputTokens = 7,
            Quotes = 0,
            Nonces = 0,
            Openings = 3,
            OpeningsRefused = 0,
            OpeningsFailed = 0,
            Kept = 2,
            KeptBytes = 999,
            Evicted = 0,
            Keysets = 1,
        },
    });

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
