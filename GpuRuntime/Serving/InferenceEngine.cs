using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// Serves one model. Requests wait in a bounded queue, first come first served, until there is a place and memory for their keys
/// and values (see <see cref="EngineShare"/>); then one thread computes them in turns (see <see cref="TurnRunner"/>), and tokens are given out as they are drawn.
/// Every request has its own keys and values, which are overwritten when it ends, however it ends; nothing of one request is used
/// for another. Does not own the model.
/// </summary>
public sealed class InferenceEngine : IAsyncDisposable
{
    private readonly LoadedModel _model;
    private readonly EngineShare _share;
    private readonly TurnGate.Member _turn;
    private readonly int _maxContext;
    private readonly ConcurrentQueue<ActiveRequest> _begun = new();
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly TurnRunner _turns;
    private readonly EngineOpenings _openings;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;
    private volatile int _activeCount;

    /// <summary>Starts the engine's thread.</summary>
    public InferenceEngine(LoadedModel model, EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.QueueCapacity, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxActive, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PrefillChunk, 1, nameof(options));
        _model = model;
        _maxContext = Math.Min(options.MaxContext ?? int.MaxValue, model.MaxContext);
        _share = options.Share ?? new EngineShare(options.Memory ?? KvBudget.Of(model.Backend), options.MaxActive, options.QueueCapacity);
        Part = options.Share is null ? null : options.Memory;
        _turn = _share.Turns.Join(model.Threads);
        _turns = new TurnRunner(model, () => _turn.IsAwaited ? Math.Min(options.PrefillChunk, TurnRunner.SmallestShare) : options.PrefillChunk, Release, () => _stopping);
        _openings = new EngineOpenings(model, _share, this, () => _work.Release());
        new Thread(Run) { IsBackground = true, Name = "verathos-engine" }.Start();
    }

    /// <summary>The most positions of a request, prompt and answer together.</summary>
    public int MaxContext => _maxContext;

    /// <summary>Memory for keys and values, of all engines that share it.</summary>
    public KvBudget Memory => _share.Memory;

    /// <summary>The most that this engine's requests may take of <see cref="Memory"/>; null where that is all of it.</summary>
    internal KvBudget? Part { get; }

    /// <summary>Sequences being computed.</summary>
    public int ActiveSequences => _activeCount;

    /// <summary>Processor seconds of its turns, and what was lost by being idle; on the engine's thread.</summary>
    internal double ProcessorSeconds => _turn.Used;

    /// <summary>Requests that wait.</summary>
    public int QueuedRequests => _share.CountWaiting(this) + _begun.Count;

    /// <summary>Logits of the step under way; all zero between steps.</summary>
    internal ReadOnlySpan<float> Logits => _turns.Logits;

    /// <summary>Called with a sequence's state right after it was overwritten and freed; for tests.</summary>
    internal Action<ActiveRequest>? Released { get; set; }

    /// <summary>Sees the raw logits of each token before it is drawn; for proofs about them.</summary>
    internal LogitsObserver? Drawing
    {
        get => _turns.Drawing;
        set => _turns.Drawing = value;
    }

    /// <summary>Called on the engine's thread before each turn; for tests.</summary>
    internal Action? TurnBegins { get; set; }

    /// <summary>The most tokens that an answer to a prompt of this length can have, by context and by memory; 0 or less where there is no room at all.</summary>
    /// <param name="promptTokens">The prompt's length.</param>
    public int RoomFor(int promptTokens)
    {
        int room = _maxContext - promptTokens;
        if (room < 1 || Bytes(promptTokens, room) <= MostBytes)
        {
            return room;
        }

        // The largest answer that fits; bytes grow with positions, though perhaps in pages.
        int low = 0;
        while (room - low > 1)
        {
            int middle = low + ((room - low) / 2);
            (low, room) = Bytes(promptTokens, middle) <= MostBytes ? (middle, room) : (low, middle);
        }

        return low;
    }

    /// <summary>Whether answers are committed, and can be opened later.</summary>
    public bool Commits => _model.Profile == NumericProfile.Bf16Lane16;

    /// <summary>The sizes of what is committed.</summary>
    public TraceShape TraceShape => ValidatorKeyMaker.ShapeOf(_model.Config);

    /// <summary>
    /// Opens a layer and a row of logits of an answer that this engine committed, by computing it again in pieces between the turns
    /// of requests.
    /// </summary>
    /// <param name="answer">What was kept of the answer; neither changed nor overwritten before the result is there.</param>
    /// <param name="plan">What is asked for, of steps that the answer has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The encoded <see cref="LayerEvidence"/> and <see cref="LogitsEvidence"/>, for the caller to overwrite.</returns>
    /// <exception cref="GenerationException">The engine is stopping, or the steps did not come out as they were committed.</exception>
    public Task<IReadOnlyList<byte[]>> OpenAsync(CommittedAnswer answer, OpeningPlan plan, CancellationToken cancellationToken = default) => _openings.OpenAsync(
        OpeningRun.PositionsOf(plan),
        (backend, rows) => new OpeningRun(backend, rows, answer, plan),
        static run => run.Result() is var (layer, logits) ? [OpeningEncoding.Encode(layer), OpeningEncoding.Encode(logits)] : [],
        cancellationToken);

    /// <summary>Opens one step's leaves, like <see cref="OpenAsync"/>.</summary>
    /// <param name="answer">What was kept of the answer; neither changed nor overwritten before the result is there.</param>
    /// <param name="step">A step that the answer has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The encoded <see cref="StepOpening"/>, for the caller to overwrite.</returns>
    /// <exception cref="GenerationException">The engine is stopping, or the steps did not come out as they were committed.</exception>
    public Task<IReadOnlyList<byte[]>> OpenStepAsync(CommittedAnswer answer, long step, CancellationToken cancellationToken = default) => _openings.OpenAsync(
        (int)step + 1,
        (backend, rows) => OpeningRun.OfStep(backend, rows, answer, step),
        static run => [OpeningEncoding.Encode(run.StepResult())],
        cancellationToken);

    /// <summary>Asks for an answer. The request takes its place in the queue at once, before the result is enumerated.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Ends the request; its memory is freed before the next step.</param>
    /// <returns>The tokens as they are drawn. Leaving the enumeration early ends the request, too.</returns>
    /// <exception cref="GenerationException">The request is invalid, can never fit or cannot be queued (thrown at once), or the answer broke off (thrown while enumerating).</exception>
    public IAsyncEnumerable<GeneratedToken> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        long memory = Check(request);
        ActiveRequest entry = new(this, request, memory, cancellationToken);
        lock (_gate)
        {
            if (_stopping)
            {
                throw new GenerationException(GenerationError.Stopped, "the node is stopping");
            }

            if (!_share.TryEnter(entry))
            {
                throw new GenerationException(GenerationError.QueueFull, "too many requests wait already; try again later");
            }
        }

        return ReadAsync(entry, cancellationToken);
    }

    /// <summary>Ends all requests and the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
            _work.Release();
        }

        await _ended.Task.ConfigureAwait(false);
        await _openings.DrainAsync().ConfigureAwait(false);
        _openings.Dispose();
        _work.Dispose();
        _turn.Dispose();
    }

    private async IAsyncEnumerable<GeneratedToken> ReadAsync(ActiveRequest entry, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach ((int index, FinishReason? finish, TokenCommitment? commitment) in entry.Tokens.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return entry.Take(index, finish) with { Commitment = commitment };
            }
        }
        finally
        {
            entry.Abandon();
            _share.Refresh();
        }
    }

    /// <summary>Takes a request whose place and memory are reserved; from any thread.</summary>
    internal void Take(ActiveRequest entry)
    {
        _begun.Enqueue(entry);
        _work.Release();
    }

    // The last token is never fed back, so it takes no position.
    private long Bytes(int promptTokens, int maxTokens) => _model.Backend.SequenceBytes(promptTokens + maxTokens - 1);

    private long MostBytes => Math.Min(Part?.Bytes ?? long.MaxValue, Memory.Bytes);

    private long Check(GenerationRequest request)
    {
        int vocabulary = _model.Config.VocabularySize;
        if (request.PromptIds is null or { Length: 0 } || Array.Exists(request.PromptIds, id => (uint)id >= (uint)vocabulary))
        {
            throw new GenerationException(GenerationError.InvalidRequest, "the prompt is empty or has an id outside the vocabulary");
        }

        if (request.MaxTokens < 1 || !request.Sampling.IsValid || request.Seed is not { Length: SamplingSeed.Size })
        {
            throw new GenerationException(GenerationError.InvalidRequest, "max_tokens must be at least 1, and the sampling parameters and seed in range");
        }

        if (request.LogProbabilities is < 0 or > GenerationRequest.MaximumLogProbabilities)
        {
            throw new GenerationException(GenerationError.InvalidRequest, $"log-probabilities name 0 to {GenerationRequest.MaximumLogProbabilities} tokens");
        }

        if (RequestTrace.FindProblem(request, _model.Profile) is { } problem)
        {
            throw new GenerationException(GenerationError.InvalidRequest, problem);
        }

        if ((long)request.PromptIds.Length + request.MaxTokens > _maxContext)
        {
            throw new GenerationException(
                GenerationError.ContextExceeded,
                $"the prompt's {request.PromptIds.Length} tokens and the {request.MaxTokens} asked for exceed the context of {_maxContext}");
        }

        long bytes = Bytes(request.PromptIds.Length, request.MaxTokens);
        return bytes <= MostBytes
            ? bytes
            : throw new GenerationException(
                GenerationError.MemoryExceeded,
                $"the prompt's {request.PromptIds.Length} tokens and the {request.MaxTokens} asked for take {bytes} bytes of keys and values; there are {MostBytes} for all requests together");
    }

    private void Run()
    {
        while (!_stopping)
        {
            Admit();
            bool isIdle = _turns.Count == 0;
            if (isIdle && !_openings.HasWork)
            {
                _work.Wait();
                continue;
            }

            _turn.Enter();
            TurnBegins?.Invoke();
            if (!isIdle)
            {
                _turns.Run();
            }

            _openings.Advance(isIdle);
            _activeCount = _turns.Count;
            _turn.Exit(again: _turns.Count > 0 || _openings.HasWork);
        }

        _turn.Leave();
        Stop();
    }

    private void Admit()
    {
        // Requests that were cancelled while they waited must not wait for their readers to notice.
        _share.Refresh();
        while (_begun.TryDequeue(out ActiveRequest? next))
        {
            _turns.Add(next);
            _activeCount = _turns.Count;
        }
    }

    private void Release(ActiveRequest entry)
    {
        if (entry.IsReleased)
        {
            return;
        }

        entry.IsReleased = true;
        entry.Forget();
        entry.State?.Dispose();
        Released?.Invoke(entry);
        _share.End(entry);
    }

    private void Stop()
    {
        GenerationException reason = new(GenerationError.Stopped, "the node is stopping");
        foreach (ActiveRequest waiting in _share.Withdraw(this))
        {
            waiting.EndUnbegun(reason);
        }

        Admit();
        _turns.EndAll(reason);
        _openings.Stop();
        _activeCount = 0;
        _ended.SetResult();
    }
}
