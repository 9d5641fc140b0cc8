using Verathos.Fingerprint.Answers;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>
/// A node that answers, commits, and keeps all that it computed, so that openings need no second pass. It may be made to compute
/// something else by hooks; what it commits to and shows is what it computed.
/// </summary>
internal sealed class RecordingNode(Lane16Backend backend, params ForwardHook[] perturbations)
{
    private readonly PassRecorder _recorder = new();

    /// <summary>Whether what is recorded is what lies there before the hooks change it: for a node that shows other keys and values than it reads.</summary>
    public bool RecordsFirst { get; init; }

    /// <summary>Called before each pass with the number of tokens in it and the position of its first.</summary>
    public Action<int, int>? PassBegins { get; init; }

    /// <summary>Answers one request after its prompt was computed as a whole, or several at once.</summary>
    public RecordedAnswer[] Answer(params AnswerTask[] tasks)
    {
        if (backend.Config.Experts is not null)
        {
            throw new NotSupportedException("what experts compute is not recorded: no limits can be measured for this model");
        }

        int vocabulary = backend.Config.VocabularySize;
        Running[] running = [.. tasks.Select(task => new Running(backend, task))];
        backend.Hook = perturbations.Length == 0 ? _recorder : new HookChain(RecordsFirst ? [_recorder, .. perturbations] : [.. perturbations, _recorder]);
        try
        {
            float[] logits = new float[running.Length * vocabulary];
            for (int i = 0; i < running.Length; i++)
            {
                _recorder.Begin(running[i].State, running[i].Pass);
                PassBegins?.Invoke(tasks[i].Prompt.Length, 0);
                float[] row = new float[vocabulary];
                backend.Forward(running[i].State, tasks[i].Prompt, row);
                running[i].Draw(row);
            }

            Running[] left = running;
            while ((left = [.. left.Where(static one => one.IsUnfinished)]).Length > 0)
            {
                PassBegins?.Invoke(1, left[0].State.Length);
                Span<float> rows = logits.AsSpan(0, left.Length * vocabulary);
                if (left.Length == 1)
                {
                    backend.Forward(left[0].State, [left[0].Ids[^1]], rows);
                }
                else
                {
                    backend.Decode([.. left.Select(static one => one.State)], [.. left.Select(static one => one.Ids[^1])], rows);
                }

                for (int i = 0; i < left.Length; i++)
                {
                    left[i].Draw(rows.Slice(i * vocabulary, vocabulary).ToArray());
                }
            }

            return [.. running.Select(static one => one.Finish())];
        }
        finally
        {
            backend.Hook = null;
            foreach (Running one in running)
            {
                _recorder.End(one.State);
                one.Dispose();
            }
        }
    }

    private sealed class Running : IDisposable
    {
        private readonly AnswerTask _task;
        private readonly TraceShape _shape;
        private readonly TraceCommitment _trace;
        private readonly TraceSalts _salts;
        private readonly AnswerProofs _proofs;
        private readonly byte[] _seed;

        public Running(Lane16Backend backend, AnswerTask task)
        {
            _task = task;
            _shape = ValidatorKeyMaker.ShapeOf(backend.Config);
            _trace = new TraceCommitment(_shape, task.TraceSecret);
            _salts = new TraceSalts(task.TraceSecret);
            _proofs = new AnswerProofs(_shape.Layers, task.Prompt.Length, SketchPlan.DeriveSeed(task.ClientNonce));
            _seed = SamplingSeed.Derive(task.ClientSeed, task.ClientNonce);
            int positions = task.Prompt.Length + task.Tokens - 1;
            State = backend.CreateSequence(positions);
            State.Trace = new SequenceTrace(_trace, task.Prompt.Length) { Proofs = _proofs };
            Pass = new RecordedPass(backend.Config, positions, task.WithInputs);
            Ids = [.. task.Prompt];
        }

        public SequenceState State { get; }

        public RecordedPass Pass { get; }

        public List<int> Ids { get; }

        public bool IsUnfinished => Ids.Count < _task.Prompt.Length + _task.Tokens;

        public void Draw(float[] logits)
        {
            int index = Ids.Count - _task.Prompt.Length;
            int drawn = Sampler.Sample(logits, _task.Sampling, _seed, Ids.GetRange(0, _task.Prompt.Length).ToArray(), Ids.GetRange(_task.Prompt.Length, index).ToArray(), default);
            Ids.Add(_task.Draw?.Invoke(index, logits, drawn) ?? drawn);
        }

        public RecordedAnswer Finish()
        {
            byte[] root = new byte[TraceHash.Size];
            _trace.WriteRoot(root);
            _proofs.Finish();
            (byte[] toploc, byte[] sketches) = _proofs.Roots(_salts);
            return new RecordedAnswer(Pass, _task.TraceSecret)
            {
                Task = _task,
                Ids = [.. Ids],
                Drawn = new DrawnToken(_task.Sampling, _seed, _task.Prompt.Length, Array.Empty<ulong>()),
                Trace = new CommittedTrace(_shape, _trace.Steps, root),
                StepHashes = [.. _trace.StepHashes],
                Toploc = [.. _proofs.Toploc],
                Sketches = _proofs.Sketches,
                ToplocRoot = toploc,
                SketchRoot = sketches,
            };
        }

        public void Dispose()
        {
            State.Dispose();
            _trace.Dispose();
            _salts.Dispose();
            _proofs.Dispose();
        }
    }
}
