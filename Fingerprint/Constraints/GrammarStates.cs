using System.Runtime.InteropServices;

namespace Verathos.Fingerprint.Constraints;

/// <summary>
/// The states of a grammar after some bytes. A state is a set of stacks: all the places where the text may stand at once. Stacks
/// share their lower parts, equal ones are one, and so are equal states, so that steps are remembered.
/// </summary>
internal sealed class GrammarStates
{
    /// <summary>The state that no further byte leads out of, and that does not end.</summary>
    public const int Dead = -1;

    // A bound on what one request may hold; where it is passed, what is remembered is forgotten and made again.
    private const int MostStates = 4096;
    private const int MostStacks = 1 << 18;

    // Beyond these the schema is given up.
    private const int MostPlaces = 1024;
    private const int MostStacksEver = 1 << 20;
    private const int Bottom = -1;
    private const int Unknown = -2;

    // A place that stands for the end of the text.
    private const int Accepted = -1;
    private readonly JsonGrammar _grammar;
    private readonly List<(int At, int Below)> _stacks = [];
    private readonly Dictionary<(int At, int Below), int> _stackIds = [];
    private readonly List<int[]> _states = [];
    private readonly Dictionary<string, int> _stateIds = [];
    private readonly List<int[]> _steps = [];
    private readonly HashSet<(int At, int Below)> _seen = [];
    private readonly SortedSet<int> _open = [];

    public GrammarStates(JsonGrammar grammar)
    {
        _grammar = grammar;
        Begin();
    }

    /// <summary>The state before the first byte; changes with <see cref="Compact"/>.</summary>
    public int First { get; private set; }

    /// <summary>Whether the text may end in a state.</summary>
    public bool MayEnd(int state) => state != Dead && _states[state][0] == Accepted;

    /// <summary>Whether so much is remembered that <see cref="Compact"/> is due; only between tokens.</summary>
    public bool IsFull => _states.Count > MostStates || _stacks.Count > MostStacks;

    /// <summary>The state after one more byte.</summary>
    /// <exception cref="ConstraintException">Too many places to follow.</exception>
    public int Step(int state, byte value)
    {
        if (state == Dead)
        {
            return Dead;
        }

        int next = _steps[state][value];
        if (next == Unknown)
        {
            next = Compute(state, value);
            _steps[state][value] = next;
        }

        return next;
    }

    /// <summary>Forgets every state but one.</summary>
    /// <returns>Its new number.</returns>
    public int Compact(int state)
    {
        int[][] stacks = state == Dead ? [] : [.. _states[state].Select(Spell)];
        Wipe();
        Begin();
        if (state == Dead)
        {
            return Dead;
        }

        int[] kept = [.. stacks.Select(Rebuild).Distinct().Order()];
        return StateOf(kept);
    }

    /// <summary>Overwrites what the steps spell.</summary>
    public void Wipe()
    {
        _steps.ForEach(Array.Clear);
        _states.ForEach(Array.Clear);
        CollectionsMarshal.AsSpan(_stacks).Clear();
        _stacks.Clear();
        _stackIds.Clear();
        _states.Clear();
        _stateIds.Clear();
        _steps.Clear();
    }

    private void Begin()
    {
        _open.Clear();
        _seen.Clear();
        foreach (int start in _grammar.Starts[_grammar.Root])
        {
            Open(start, Bottom);
        }

        First = StateOf([.. _open]);
    }

    private int Compute(int state, byte value)
    {
        _open.Clear();
        _seen.Clear();
        foreach (int stack in _states[state])
        {
            if (stack == Accepted)
            {
                continue;
            }

            (int at, int below) = _stacks[stack];
            int symbol = _grammar.Symbols[at];
            if (value >= symbol >> 8 && value <= (symbol & 0xFF))
            {
                Open(at + 1, below);
            }
        }

        return StateOf([.. _open]);
    }

    /// <summary>Adds every place of a byte that the text may stand at when it stands here.</summary>
    private void Open(int at, int below)
    {
        Stack<(int At, int Below)> pending = new();
        pending.Push((at, below));
        while (pending.TryPop(out (int At, int Below) place))
        {
            if (!_seen.Add(place))
            {
                continue;
            }

            if (_open.Count > MostPlaces || _seen.Count > 16 * MostPlaces || _stacks.Count > MostStacksEver)
            {
                throw new ConstraintException();
            }

            int symbol = _grammar.Symbols[place.At];
            if (symbol == GrammarBuilder.End)
            {
                if (place.Below == Bottom)
                {
                    _open.Add(Accepted);
                }
                else
                {
                    pending.Push(_stacks[place.Below]);
                }
            }
            else if ((symbol & GrammarBuilder.RuleFlag) == 0)
            {
                _open.Add(StackOf(place));
            }
            else
            {
                // Where nothing follows the rule, there is nothing to come back to: lists grow no stack.
                int back = _grammar.Symbols[place.At + 1] == GrammarBuilder.End ? place.Below : StackOf((place.At + 1, place.Below));
                foreach (int start in _grammar.Starts[symbol & ~GrammarBuilder.RuleFlag])
                {
                    pending.Push((start, back));
                }
            }
        }
    }

    private int StackOf((int At, int Below) place)
    {
        if (!_stackIds.TryGetValue(place, out int id))
        {
            id = _stacks.Count;
            _stacks.Add(place);
            _stackIds.Add(place, id);
        }

        return id;
    }

    private int StateOf(int[] stacks)
    {
        if (stacks.Length == 0)
        {
            return Dead;
        }

        string key = new(MemoryMarshal.Cast<int, char>(stacks));
        if (!_stateIds.TryGetValue(key, out int id))
        {
            id = _states.Count;
            _states.Add(stacks);
            _stateIds.Add(key, id);
            int[] steps = new int[256];
            Array.Fill(steps, Unknown);
            _steps.Add(steps);
        }

        return id;
    }

    private int[] Spell(int stack)
    {
        List<int> places = [];
        for (; stack != Bottom; stack = _stacks[stack].Below)
        {
            places.Add(_stacks[stack].At);
        }

        return [.. places];
    }

    private int Rebuild(int[] places)
    {
        int below = Bottom;
        for (int i = places.Length - 1; i >= 0; i--)
        {
            below = StackOf((places[i], below));
        }

        return below;
    }
}
