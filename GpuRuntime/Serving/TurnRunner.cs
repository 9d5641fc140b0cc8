using Verathos.Fingerprint.Constraints;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// The turns of an engine's thread. Each turn computes a bounded number of prompt tokens, shared between the unfinished prompts in
/// rotation, and then one token of every running answer in one batch: a long prompt delays a running answer by one chunk a token
/// and never by its whole length, and a short prompt behind a long one does not wait for its end.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="chunk">Prompt tokens of the next turn.</param>
/// <param name="release">Frees what a request holds; called once or more for each.</param>
/// <param name="stopping">Looked at between passes.</param>
internal sealed class TurnRunner(LoadedModel model, Func<int> chunk, Action<ActiveRequest> release, Func<bool> stopping)
{
    /// <summary>Prompt tokens of one pass; below this many it streams the weights for too little work.</summary>
    public const int SmallestShare = 64;

    private readonly int _vocabulary = model.Config.VocabularySize;
    private readonly Queue<ActiveRequest> _prompts = new();
    private readonly List<ActiveRequest> _answers = [];
    private readonly List<SequenceState> _states = [];
    private float[] _logits = GC.AllocateArray<float>(model.Config.VocabularySize, pinned: true);
    private int[] _ids = [];

    /// <summary>Requests under way.</summary>
    public int Count => _prompts.Count + _answers.Count;

    /// <summary>Logits of the step under way; all zero between steps.</summary>
    public ReadOnlySpan<float> Logits => _logits;

    /// <summary>Sees the raw logits of each token before it is drawn.</summary>
    public LogitsObserver? Drawing { get; set; }

    /// <summary>Takes a request whose memory is reserved.</summary>
    public void Add(ActiveRequest entry) => _prompts.Enqueue(entry);

    /// <summary>One turn.</summary>
    public void Run()
    {
        DropCancelled();
        int most = chunk();
        for (int left = most, prompts = _prompts.Count, share = Share(most); left > 0 && prompts > 0 && !stopping(); prompts--)
        {
            left -= Prefill(_prompts.Dequeue(), Math.Min(left, share));
        }

        if (!stopping())
        {
            Decode();
        }

        _answers.RemoveAll(static entry => entry.IsReleased);
    }

    /// <summary>Ends every request for the same reason.</summary>
    public void EndAll(Exception reason)
    {
        foreach (ActiveRequest entry in _prompts)
        {
            End(entry, reason);
        }

        foreach (ActiveRequest entry in _answers)
        {
            End(entry, reason);
        }

        _prompts.Clear();
        _answers.Clear();
    }

    private int Share(int most) => _prompts.Count == 0 ? most : Math.Max(SmallestShare, most / _prompts.Count);

    private void DropCancelled()
    {
        for (int left = _prompts.Count; left > 0; left--)
        {
            ActiveRequest entry = _prompts.Dequeue();
            if (!Cancel(entry))
            {
                _prompts.Enqueue(entry);
            }
        }

        foreach (ActiveRequest entry in _answers)
        {
            Cancel(entry);
        }

        _answers.RemoveAll(static entry => entry.IsReleased);
    }

    private bool Cancel(ActiveRequest entry)
    {
        if (!entry.IsCancelled)
        {
            return false;
        }

        entry.Abandon();
        End(entry, new OperationCanceledException());
        return true;
    }

    /// <summary>Computes a part of a prompt, and the answer's first token at its end.</summary>
    /// <returns>How many prompt tokens were computed.</returns>
    private int Prefill(ActiveRequest entry, int most)
    {
        GenerationRequest request = entry.Request;
        int count = Math.Min(entry.PromptLeft, most);
        Span<float> logits = Slot(0);
        try
        {
            entry.State ??= Begin(entry);
            model.Backend.Forward(entry.State, request.PromptIds.AsSpan(entry.State.Length, count), logits);
        }
#pragma warning disable CA1031 // Whatever fails must end this request only.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Array.Clear(_logits);
            Fail(entry, e);
            return count;
        }

        if (entry.PromptLeft > 0)
        {
            _prompts.Enqueue(entry);
        }
        else
        {
            _answers.Add(entry);
            Draw(entry, logits);
        }

        logits.Clear();
        return count;
    }

    /// <summary>One token for every running answer.</summary>
    private void Decode()
    {
        // A prompt of this turn may have ended with its first token.
        _answers.RemoveAll(static entry => entry.IsReleased);
        int count = _answers.Count;
        if (count == 0)
        {
            return;
        }

        Reserve(count);
        foreach (ActiveRequest entry in _answers)
        {
            _ids[_states.Count] = entry.LastId;
            _states.Add(entry.State!);
        }

        Span<float> logits = _logits.AsSpan(0, count * _vocabulary);
        try
        {
            model.Backend.Decode(_states, _ids.AsSpan(0, count), logits);
            for (int i = 0; i < count; i++)
            {
                Draw(_answers[i], Slot(i));
            }
        }
#pragma warning disable CA1031 // Whatever fails must end the requests that took part and not the engine.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _answers.ForEach(entry => Fail(entry, e));
        }

        _states.Clear();
        Array.Clear(_ids, 0, count);
        logits.Clear();
    }

    private SequenceState Begin(ActiveRequest entry)
    {
        GenerationRequest request = entry.Request;
        SequenceState state = model.Backend.CreateSequence(request.PromptIds.Length + request.MaxTokens - 1);
        if (request.TraceSecret is not null)
        {
            entry.Trace = new RequestTrace(request, model.Config);
            state.Trace = entry.Trace.Sequence;
        }

        return state;
    }

    private Span<float> Slot(int index) => _logits.AsSpan(index * _vocabulary, _vocabulary);

    private void Reserve(int count)
    {
        if (_ids.Length >= count)
        {
            return;
        }

        // Both are all zero between steps.
        int slots = Math.Max(count, 2 * _ids.Length);
        _ids = GC.AllocateArray<int>(slots, pinned: true);
        _logits = GC.AllocateArray<float>(checked(slots * _vocabulary), pinned: true);
    }

    private void Draw(ActiveRequest entry, Span<float> logits)
    {
        GenerationRequest request = entry.Request;
        int index = entry.Generated;
        int id;
        TokenLogProbability[]? logProbabilities;
        Drawing?.Invoke(request, index, logits);
        bool complete;
        try
        {
            id = request.NeedsHistory
                ? Sampler.Sample(logits, request.Sampling, request.Seed, request.PromptIds, entry.History, Allowed(request))
                : Sampler.Sample(logits, request.Sampling, request.Seed, index);
            logProbabilities = LogProbabilities(request, logits, id);
            complete = request.Constraint is { } constraint && constraint.Append(id) && constraint.MayEnd && constraint.IsExhausted;
        }
        catch (ArithmeticException)
        {
            logits.Clear();
            End(entry, new GenerationException(GenerationError.NonFiniteLogits, "the model gave logits that are no numbers: its weights are damaged or overflow in this numeric profile"));
            return;
        }
        catch (ConstraintException)
        {
            logits.Clear();
            End(entry, new GenerationException(GenerationError.ConstraintFailed, "the vocabulary cannot write what the response format asks for, or its alternatives begin alike in too many ways"));
            return;
        }

        logits.Clear();
        if (!TryStop(entry, id, ref complete))
        {
            return;
        }

        entry.Add(id);
        FinishReason? finish = complete || model.StopIds.Contains(id) || request.StopIds.Contains(id) ? FinishReason.Stop
            : entry.Generated == request.MaxTokens ? FinishReason.Length
            : null;
        TokenCommitment? commitment = entry.Trace?.Commit(isLast: finish is not null);
        if (finish is not null)
        {
            // Freed before the last token is given out, so that who sees the end sees the memory free.
            release(entry);
        }

        entry.Give(id, index, logProbabilities, finish, commitment);
        if (finish is not null)
        {
            entry.Tokens.Writer.TryComplete();
        }
    }

    private bool TryStop(ActiveRequest entry, int id, ref bool complete)
    {
        try
        {
            complete |= entry.Request.StopCondition?.Append(id) == true;
            return true;
        }
#pragma warning disable CA1031 // Whatever fails must end this request only.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(entry, e);
            return false;
        }
    }

    private static ReadOnlySpan<ulong> Allowed(GenerationRequest request)
    {
        if (request.Constraint is not { } constraint)
        {
            return default;
        }

        // A vocabulary need not have a token for what must follow.
        ReadOnlySpan<ulong> allowed = constraint.Allowed;
        return allowed.ContainsAnyExcept(0UL) ? allowed : throw new ConstraintException();
    }

    private static TokenLogProbability[]? LogProbabilities(GenerationRequest request, ReadOnlySpan<float> logits, int id)
    {
        if (request.LogProbabilities is not { } likeliest)
        {
            return null;
        }

        TokenLogProbability[] tokens = new TokenLogProbability[1 + Math.Min(likeliest, logits.Length)];
        tokens[0] = Fingerprint.Sampling.LogProbabilities.Compute(logits, id, tokens.AsSpan(1));
        return tokens;
    }

    // The message of the cause could hold content and is left out.
    private void Fail(ActiveRequest entry, Exception cause) => End(entry, new GenerationException($"the forward pass failed ({cause.GetType().Name})"));

    private void End(ActiveRequest entry, Exception reason)
    {
        release(entry);
        entry.Tokens.Writer.TryComplete(reason);
    }
}
