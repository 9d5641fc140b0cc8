using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// Serves one model: requests wait in a bounded queue, active ones are computed in turn on one thread, tokens are given out as
/// they are drawn. Each turn computes a part of every unfinished prompt, then one token of every answer together. Every request has its own keys and values, which are overwritten when it ends, however it ends; nothing of
/// one request is used for another. Does not own the model.
/// </summary>
public sealed class InferenceEngine : IAsyncDisposable
{
    private readonly LoadedModel _model;
    private readonly EngineOptions _options;
    private readonly int _maxContext;
    private readonly Queue<ActiveRequest> _queue = new();
    private readonly List<ActiveRequest> _active = [];
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly float[] _logits;
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
        (_model, _options) = (model, options);
        _maxContext = Math.Min(options.MaxContext ?? int.MaxValue, model.MaxContext);
        _logits = GC.AllocateArray<float>(checked(options.MaxActive * model.Config.VocabularySize), pinned: true);
        new Thread(Run) { IsBackground = true, Name = "verathos-engine" }.Start();
    }

    /// <summary>The most positions of a request, prompt and answer together.</summary>
    public int MaxContext => _maxContext;

    /// <summary>Sequences being computed.</summary>
    public int ActiveSequences => _activeCount;

    /// <summary>Requests that wait.</summary>
    public int QueuedRequests
    {
        get
        {
            lock (_gate)
            {
                DropCancelled();
                return _queue.Count;
            }
        }
    }

    /// <summary>Logits of the step under way; all zero between steps.</summary>
    internal ReadOnlySpan<float> Logits => _logits;

    /// <summary>Called with a sequence's state right after it was overwritten and before it is freed; for tests.</summary>
    internal Action<ActiveRequest>? Released { get; set; }

    /// <summary>Asks for an answer. The request takes its place in the queue at once, before the result is enumerated.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Ends the request; its memory is freed before the next step.</param>
    /// <returns>The tokens as they are drawn. Leaving the enumeration early ends the request, too.</returns>
    /// <exception cref="GenerationException">The request is invalid, does not fit or cannot be queued (thrown at once), or the answer broke off (thrown while enumerating).</exception>
    public IAsyncEnumerable<GeneratedToken> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        ActiveRequest entry = new(request, cancellationToken);
        lock (_gate)
        {
            if (_stopping)
            {
                throw new GenerationException(GenerationError.Stopped, "the node is stopping");
            }

            DropCancelled();

            // A free place counts too: with no place to wait at all, a request can still be served at once.
            if (_queue.Count >= _options.QueueCapacity + Math.Max(0, _options.MaxActive - _activeCount))
            {
                throw new GenerationException(GenerationError.QueueFull, "too many requests wait already; try again later");
            }

            _queue.Enqueue(entry);
        }

        _work.Release();
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
        }

        _work.Release();
        await _ended.Task.ConfigureAwait(false);
        _work.Dispose();
    }

    private async IAsyncEnumerable<GeneratedToken> ReadAsync(ActiveRequest entry, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach ((int index, FinishReason? finish) in entry.Tokens.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return new GeneratedToken(entry.Take(index), index, finish);
            }
        }
        finally
        {
            entry.Abandon();
            lock (_gate)
            {
                DropCancelled();
            }
        }
    }

    /// <summary>Frees the places of requests that ended while they waited; they have no memory yet. Called under the lock.</summary>
    private void DropCancelled()
    {
        for (int left = _queue.Count; left > 0; left--)
        {
            ActiveRequest entry = _queue.Dequeue();
            if (!entry.IsCancelled)
            {
                _queue.Enqueue(entry);
                continue;
            }

            entry.IsReleased = true;
            entry.Tokens.Writer.TryComplete(new OperationCanceledException());
        }
    }

    private void Check(GenerationRequest request)
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

        if ((long)request.PromptIds.Length + request.MaxTokens > _maxContext)
        {
            throw new GenerationException(
                GenerationError.ContextExceeded,
                $"the prompt's {request.PromptIds.Length} tokens and the {request.MaxTokens} asked for exceed the context of {_maxContext}");
        }
    }

    private void Run()
    {
        while (!_stopping)
        {
            Admit();
            if (_active.Count == 0)
            {
                _work.Wait();
                continue;
            }

            foreach (ActiveRequest entry in _active)
            {
                if (!_stopping && !entry.IsReleased)
                {
                    Prefill(entry);
                }
            }

            DecodeAll();
            _active.RemoveAll(static entry => entry.IsReleased);
            _activeCount = _active.Count;
        }

        Stop();
    }

    private void Admit()
    {
        lock (_gate)
        {
            DropCancelled();
            while (_active.Count < _options.MaxActive && _queue.TryDequeue(out ActiveRequest? next))
            {
                _active.Add(next);
                _activeCount = _active.Count;
            }
        }
    }

    /// <summary>Drops a cancelled request; computes a part of a prompt, and the first token at its end.</summary>
    private void Prefill(ActiveRequest entry)
    {
        if (entry.IsCancelled)
        {
            entry.Abandon();
            End(entry, new OperationCanceledException());
            return;
        }

        GenerationRequest request = entry.Request;
        int fed = entry.State?.Length ?? 0;
        int rest = request.PromptIds.Length - fed;
        if (rest <= 0)
        {
            return;
        }

        Span<float> logits = Slot(0);
        int count = Math.Min(rest, _options.PrefillChunk);
        if (Try([entry], () =>
        {
            // The last token is never fed back.
            entry.State ??= _model.Backend.CreateSequence(request.PromptIds.Length + request.MaxTokens - 1);
            _model.Backend.Forward(entry.State, request.PromptIds.AsSpan(fed, count), Slot(0));
        }) && count == rest)
        {
            Draw(entry, logits);
        }

        logits.Clear();
    }

    /// <summary>One token for every request whose prompt is done.</summary>
    private void DecodeAll()
    {
        List<ActiveRequest> ready = [.. _active.Where(static e => !e.IsReleased && e.Generated > 0)];
        if (ready.Count == 0 || _stopping)
        {
            return;
        }

        SequenceState[] states = [.. ready.Select(static e => e.State!)];
        int[] ids = [.. ready.Select(static e => e.LastId)];
        if (Try(ready, () => _model.Backend.Decode(states, ids, _logits.AsSpan(0, ids.Length * _model.Config.VocabularySize))))
        {
            for (int i = 0; i < ready.Count; i++)
            {
                Draw(ready[i], Slot(i));
            }
        }

        Array.Clear(ids);
        Array.Clear(_logits, 0, ready.Count * _model.Config.VocabularySize);
    }

    private Span<float> Slot(int index) => _logits.AsSpan(index * _model.Config.VocabularySize, _model.Config.VocabularySize);

    /// <summary>Runs a part of the forward pass; a failure ends the requests that took part and not the engine.</summary>
    private bool Try(List<ActiveRequest> entries, Action pass)
    {
        try
        {
            pass();
            return true;
        }
#pragma warning disable CA1031 // Whatever fails must end those requests only. The message of the cause could hold content and is left out.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _logits.AsSpan().Clear();
            entries.ForEach(entry => End(entry, new GenerationException($"the forward pass failed ({e.GetType().Name})")));
            return false;
        }
    }

    private void Draw(ActiveRequest entry, Span<float> logits)
    {
        GenerationRequest request = entry.Request;
        int index = entry.Generated;
        int id;
        try
        {
            id = Sampler.Sample(logits, request.Sampling, request.Seed, index);
        }
        catch (ArithmeticException)
        {
            logits.Clear();
            End(entry, new GenerationException(GenerationError.NonFiniteLogits, "the model gave logits that are no numbers: its weights are damaged or overflow in this numeric profile"));
            return;
        }

        logits.Clear();
        entry.Generated++;
        entry.LastId = id;
        FinishReason? finish = _model.StopIds.Contains(id) || request.StopIds.Contains(id) ? FinishReason.Stop
            : entry.Generated == request.MaxTokens ? FinishReason.Length
            : null;
        if (finish is not null)
        {
            // Freed before the last token is given out, so that who sees the end sees the memory free.
            Release(entry);
        }

        entry.Give(id, index, finish);
        if (finish is not null)
        {
            entry.Tokens.Writer.TryComplete();
        }
    }

    private void End(ActiveRequest entry, Exception reason)
    {
        Release(entry);
        entry.Tokens.Writer.TryComplete(reason);
    }

    private void Release(ActiveRequest entry)
    {
        if (entry.IsReleased)
        {
            return;
        }

        entry.IsReleased = true;
        entry.LastId = 0;
        entry.State?.Dispose();
        Released?.Invoke(entry);
    }

    private void Stop()
    {
        lock (_gate)
        {
            _active.AddRange(_queue);
            _queue.Clear();
        }

        foreach (ActiveRequest entry in _active)
        {
            Release(entry);
            entry.Tokens.Writer.TryComplete(new GenerationException(GenerationError.Stopped, "the node is stopping"));
        }

        _active.Clear();
        _activeCount = 0;
        _ended.SetResult();
    }
}
