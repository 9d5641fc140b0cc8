namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// Lets engines of several threads, which share processors, compute one after another. Who has used the least processor time goes
/// next, for at least a quantum of turns where it has so many, and who was idle has no credit for it: so none waits for longer than
/// the quanta that others are owed, threads of two engines never wait for each other in the middle of a product, and weights that
/// fit the processor's cache are not driven out of it by every turn of another model. Engines of one thread pass freely: the system
/// shares processors well among threads that wait for no others.
/// </summary>
internal sealed class TurnGate
{
    /// <summary>How long an engine computes before another does; its turn is not cut.</summary>
    public static readonly TimeSpan Quantum = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly List<Member> _waiting = [];
    private readonly int _processors;
    private readonly TimeProvider _time;
    private int _free;

    // What the member whose turn began last had used: what one that was idle begins with.
    private double _clock;

    /// <summary>A gate before so many processors.</summary>
    /// <param name="processors">Threads that may compute at once.</param>
    /// <param name="time">Measures turns.</param>
    public TurnGate(int processors, TimeProvider time) => (_processors, _free, _time) = (processors, processors, time);

    /// <summary>An engine's place at the gate.</summary>
    /// <param name="threads">Threads that one of its turns uses.</param>
    public Member Join(int threads) => new(this, threads <= 1 ? 0 : Math.Min(threads, _processors));

    private void Enqueue(Member member)
    {
        member.IsIdle = false;
        if (member.Threads == 0)
        {
            member.Go.Release();
            return;
        }

        _waiting.Add(member);
        Grant();
    }

    private void GiveBack(Member member)
    {
        member.IsIdle = true;
        _free += member.Threads;
    }

    /// <summary>Lets in who is next while there are processors for it. One that needs many is not overtaken, or it would never find them free.</summary>
    private void Grant()
    {
        while (_waiting.MinBy(static member => member.Used) is { } next && next.Threads <= _free)
        {
            _waiting.Remove(next);
            _free -= next.Threads;
            _clock = Math.Max(_clock, next.Used);
            next.LetInAt = _time.GetTimestamp();
            next.Go.Release();
        }
    }

    /// <summary>An engine at the gate; for the engine's thread only.</summary>
    internal sealed class Member : IDisposable
    {
        private readonly TurnGate _gate;
        private long _begun;

        internal Member(TurnGate gate, int threads) => (_gate, Threads) = (gate, threads);

        /// <summary>Threads that a turn uses; 0 for an engine of one thread, which takes no processor from the others.</summary>
        public int Threads { get; }

        /// <summary>When its quantum began.</summary>
        internal long LetInAt { get; set; }

        /// <summary>Processor seconds used, and what was lost by being idle.</summary>
        public double Used { get; private set; }

        /// <summary>Whether others wait for this one's turn to end.</summary>
        public bool IsAwaited
        {
            get
            {
                lock (_gate._lock)
                {
                    return Threads > 0 && _gate._waiting.Count > 0;
                }
            }
        }

        /// <summary>Whether the turn that was asked for may begin; for tests.</summary>
        internal bool IsLetIn => Go.CurrentCount > 0;

        internal SemaphoreSlim Go { get; } = new(0);

        /// <summary>Neither waiting nor let in.</summary>
        internal bool IsIdle { get; set; } = true;

        /// <summary>Asks for a turn without waiting for it.</summary>
        public void Ask()
        {
            lock (_gate._lock)
            {
                if (IsIdle)
                {
                    Used = Math.Max(Used, _gate._clock);
                    _gate.Enqueue(this);
                }
            }
        }

        /// <summary>Waits for a turn, asking for one where none was asked for, and begins it.</summary>
        public void Enter()
        {
            Ask();
            Go.Wait();
            _begun = _gate._time.GetTimestamp();
        }

        /// <summary>Ends the turn.</summary>
        /// <param name="again">Whether another follows: it is waited for from here on, so that nobody who is owed less comes first.</param>
        public void Exit(bool again)
        {
            lock (_gate._lock)
            {
                Used += _gate._time.GetElapsedTime(_begun).TotalSeconds * Threads;
                if (again && _gate._time.GetElapsedTime(LetInAt) < Quantum)
                {
                    Go.Release();
                    return;
                }

                _gate.GiveBack(this);
                if (again)
                {
                    _gate.Enqueue(this);
                }
                else
                {
                    _gate.Grant();
                }
            }
        }

        /// <summary>Gives up a turn that was asked for.</summary>
        public void Leave()
        {
            lock (_gate._lock)
            {
                if (IsIdle)
                {
                    return;
                }

                if (_gate._waiting.Remove(this))
                {
                    IsIdle = true;
                }
                else
                {
                    Go.Wait();
                    _gate.GiveBack(this);
                }

                _gate.Grant();
            }
        }

        /// <inheritdoc/>
        public void Dispose() => Go.Dispose();
    }
}
