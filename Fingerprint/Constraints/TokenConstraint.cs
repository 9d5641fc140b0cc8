namespace Verathos.Fingerprint.Constraints;

/// <summary>
/// Which tokens may follow the ids so far, as a pure function of the grammar, the vocabulary and those ids: whoever holds them
/// recomputes every mask. Not safe for use from two threads at once; wiped on <see cref="Dispose"/>.
/// </summary>
public sealed class TokenConstraint : IDisposable
{
    // Masks of states met before; strings come back to the same one with every token.
    private const int MostMasks = 64;
    private readonly JsonGrammar _grammar;
    private readonly TokenIndex _vocabulary;
    private readonly int[] _stopIds;
    private readonly GrammarStates _states;
    private readonly Dictionary<int, ulong[]> _masks = [];
    private readonly int[] _path;
    private int _state;

    /// <summary>The constraint before the first token. Takes the grammar over.</summary>
    /// <param name="grammar">What the answer may be.</param>
    /// <param name="vocabulary">The model's vocabulary.</param>
    /// <param name="stopIds">Ids that end an answer: they may come where the text may end.</param>
    public TokenConstraint(JsonGrammar grammar, TokenIndex vocabulary, IEnumerable<int> stopIds)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        ArgumentNullException.ThrowIfNull(vocabulary);
        _grammar = grammar;
        _vocabulary = vocabulary;
        _stopIds = [.. stopIds];
        _states = new GrammarStates(grammar);
        _path = new int[vocabulary.LongestToken + 1];
        _state = _states.First;
    }

    /// <summary>Whether the text may end here.</summary>
    public bool MayEnd => _states.MayEnd(_state);

    /// <summary>One bit per id, the lowest first: what may be drawn next. Valid until the next call.</summary>
    /// <exception cref="ConstraintException">The grammar's alternatives begin alike in too many ways.</exception>
    public ReadOnlySpan<ulong> Allowed
    {
        get
        {
            if (!_masks.TryGetValue(_state, out ulong[]? mask))
            {
                if (_masks.Count == MostMasks)
                {
                    ForgetMasks();
                }

                mask = Compute();
                if (_states.IsFull)
                {
                    // Looking at a whole vocabulary has met many states that no answer will.
                    ForgetMasks();
                    _state = _states.Compact(_state);
                }

                _masks.Add(_state, mask);
            }

            return mask;
        }
    }

    /// <summary>Whether no token may follow, not even one that ends the answer: the text is complete.</summary>
    public bool IsExhausted => !Allowed.ContainsAnyExcept(0UL);

    /// <summary>Takes the next token.</summary>
    /// <returns>Whether it was allowed; after one that was not, nothing is.</returns>
    public bool Append(int id)
    {
        if (Array.IndexOf(_stopIds, id) >= 0)
        {
            bool ends = MayEnd;
            _state = GrammarStates.Dead;
            return ends;
        }

        ReadOnlySpan<byte> bytes = (uint)id < (uint)_vocabulary.VocabularySize ? _vocabulary.Of(id) : default;
        if (bytes.IsEmpty)
        {
            _state = GrammarStates.Dead;
        }

        foreach (byte value in bytes)
        {
            _state = _states.Step(_state, value);
        }

        return _state != GrammarStates.Dead;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ForgetMasks();
        _states.Wipe();
        _state = GrammarStates.Dead;
        Array.Clear(_path);
        _grammar.Dispose();
    }

    private ulong[] Compute()
    {
        ulong[] mask = new ulong[(_vocabulary.VocabularySize + 63) / 64];
        if (MayEnd)
        {
            foreach (int id in _stopIds)
            {
                mask[id >> 6] |= 1UL << (id & 63);
            }
        }

        if (_state == GrammarStates.Dead)
        {
            return mask;
        }

        // _path[n] is the state after n bytes of the token before, as far as it led anywhere: "alive" bytes.
        _path[0] = _state;
        int alive = 0;
        for (int place = 0; place < _vocabulary.Ids.Length; place++)
        {
            int common = _vocabulary.Common[place];
            if (common > alive)
            {
                // It begins with what led nowhere.
                continue;
            }

            ReadOnlySpan<byte> bytes = _vocabulary.At(place);
            alive = common;
            while (alive < bytes.Length && _states.Step(_path[alive], bytes[alive]) is var next && next != GrammarStates.Dead)
            {
                _path[++alive] = next;
            }

            if (alive == bytes.Length && Array.IndexOf(_stopIds, _vocabulary.Ids[place]) < 0)
            {
                int id = _vocabulary.Ids[place];
                mask[id >> 6] |= 1UL << (id & 63);
            }
        }

        return mask;
    }

    private void ForgetMasks()
    {
        foreach (ulong[] mask in _masks.Values)
        {
            Array.Clear(mask);
        }

        _masks.Clear();
    }
}
