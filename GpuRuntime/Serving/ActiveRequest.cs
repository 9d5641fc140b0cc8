using System.Threading.Channels;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;

namespace Verathos.GpuRuntime.Serving;

/// <summary>A request on its way through the engine. What is marked so may be called from any thread, the rest belongs to the engine's thread.</summary>
/// <param name="engine">Whose it is.</param>
/// <param name="request">What to generate.</param>
/// <param name="memory">Bytes of keys and values at its end.</param>
/// <param name="cancellationToken">Ends it.</param>
internal sealed class ActiveRequest(InferenceEngine engine, GenerationRequest request, long memory, CancellationToken cancellationToken)
{
    private readonly Lock _gate = new();
    private readonly int[] _history = request.NeedsHistory ? GC.AllocateArray<int>(request.MaxTokens, pinned: true) : [];
    private int[] _ids = [];
    private TokenLogProbability[]?[] _logProbabilities = [];
    private volatile bool _abandoned;

    public InferenceEngine Engine { get; } = engine;

    public GenerationRequest Request { get; } = request;

    /// <summary>Bytes of keys and values at its end.</summary>
    public long Memory { get; } = memory;

    /// <summary>Prompt tokens that are not computed yet.</summary>
    public int PromptLeft => Request.PromptIds.Length - (State?.Length ?? 0);

    /// <summary>Which tokens are ready, at most the requested number. Their ids lie apart, where they can be wiped.</summary>
    public Channel<(int Index, FinishReason? Finish, TokenCommitment? Commitment)> Tokens { get; } =
        Channel.CreateUnbounded<(int Index, FinishReason? Finish, TokenCommitment? Commitment)>(new UnboundedChannelOptions { SingleReader = true });

    public SequenceState? State { get; set; }

    /// <summary>What is committed, where the request is traced.</summary>
    public RequestTrace? Trace { get; set; }

    public int Generated { get; private set; }

    public int LastId { get; private set; }

    /// <summary>The ids drawn so far, where <see cref="GenerationRequest.NeedsHistory"/> says that they are kept.</summary>
    public ReadOnlySpan<int> History => _history.AsSpan(0, Math.Min(Generated, _history.Length));

    public bool IsReleased { get; set; }

    /// <summary>From any thread.</summary>
    public bool IsCancelled => _abandoned || cancellationToken.IsCancellationRequested;

    /// <summary>The ids that were drawn and not yet taken, for tests.</summary>
    internal ReadOnlySpan<int> Undelivered => _ids;

    /// <summary>Counts a drawn token in.</summary>
    public void Add(int id)
    {
        if (_history.Length > 0)
        {
            _history[Generated] = id;
        }

        (LastId, Generated) = (id, Generated + 1);
    }

    /// <summary>Wipes what only drawing needs.</summary>
    public void Forget()
    {
        LastId = 0;
        Array.Clear(_history);
        Request.Constraint?.Dispose();
        Request.StopCondition?.Dispose();
        Trace?.Dispose();
    }

    /// <summary>Ends a request that has not begun, and so has no memory.</summary>
    public void EndUnbegun(Exception reason)
    {
        IsReleased = true;
        Forget();
        Tokens.Writer.TryComplete(reason);
    }

    /// <summary>Gives a token to the reader; nothing where the reader has gone.</summary>
    public void Give(int id, int index, TokenLogProbability[]? logProbabilities, FinishReason? finish, TokenCommitment? commitment)
    {
        lock (_gate)
        {
            if (_abandoned)
            {
                return;
            }

            if (_ids.Length == 0)
            {
                _ids = GC.AllocateArray<int>(Request.MaxTokens, pinned: true);
                _logProbabilities = logProbabilities is null ? [] : new TokenLogProbability[]?[Request.MaxTokens];
            }

            _ids[index] = id;
            if (logProbabilities is not null)
            {
                _logProbabilities[index] = logProbabilities;
            }
        }

        Tokens.Writer.TryWrite((index, finish, commitment));
    }

    /// <summary>Takes a token out; from any thread.</summary>
    /// <exception cref="OperationCanceledException">The request was cancelled and its ids wiped.</exception>
    public GeneratedToken Take(int index, FinishReason? finish)
    {
        lock (_gate)
        {
            if (_abandoned)
            {
                throw new OperationCanceledException(cancellationToken);
            }

            int id = _ids[index];
            _ids[index] = 0;
            if (_logProbabilities.Length == 0)
            {
                return new GeneratedToken(id, index, finish);
            }

            TokenLogProbability[]? logProbabilities = _logProbabilities[index];
            _logProbabilities[index] = null;
            return new GeneratedToken(id, index, finish) { LogProbabilities = logProbabilities };
        }
    }

    /// <summary>Nobody reads any more: wipes what was not taken. From any thread.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _abandoned = true;
            Array.Clear(_ids);
            foreach (TokenLogProbability[]? left in _logProbabilities)
            {
                Array.Clear(left ?? []);
            }
        }
    }
}
