namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// Lets engines that share processors compute in turns. Who has used the least processor time goes next, and who was idle has no
/// credit for it: so none waits for longer than the turns that others are owed, and threads of two engines never wait for each
/// other in the middle of a product. Engines whose threads fit side by side compute at the same time.
/// </summary>
internal sealed class TurnGate
{
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
    public Member Join(int threads) => new(this, Math.Clamp(threads, 1, _processors));

    private void Enqueue(Member member)
    {
        _waiting.Add(member);
        member.IsIdle = false;
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
            next.Go.Release();
        }
    }

    /// <summary>An engine at the gate; for the engine's thread only.</summary>
    internal sealed class Member : IDisposable
    {
        private readonly TurnGate _gate;
        private long _begun;

        internal Member(TurnGate gate, int threads) => (_gate, Threads) = (gate, threads);

        /// <summary>Threads that a turn uses.</summary>
        public int Threads { get; }

        /// <summary>Processor seconds used, and what was lost by being idle.</summary>
        public double Used { get; private set; }

        /// <summary>Whether others wait for their turn.</summary>
        public bool IsAwaited
        {
            get
            {
                lock (_gate._lock)
                {
                    return _gate._waiting.Count > 0;
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
