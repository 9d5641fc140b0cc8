using System.Security.Cryptography;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Shards;

namespace Verathos.Enclave.Training;

/// <summary>
/// One worker's rounds. A round is a function of the weights that it starts from, the worker's state and the task: nothing of it stays
/// here, so it can be run again from what was kept after a stop at any point, and gives the same bits but for time, id and signature of
/// its record. Calls come from one thread at a time.
/// </summary>
public sealed class RoundWorker
{
    private readonly TrainingEnclave _enclave;
    private readonly WorkerCorpus _corpus;
    private readonly InnerTrainer _trainer;

    /// <summary>A worker.</summary>
    /// <param name="enclave">The keys that sign its records; stays the caller's.</param>
    /// <param name="worker">Whose records they are.</param>
    /// <param name="corpus">The documents of the run.</param>
    /// <param name="trainer">The arithmetic, new: it did no step yet. It stays the caller's.</param>
    /// <exception cref="ArgumentException">
    /// The enclave's evidence states another numeric profile than the trainer's, the trainer did steps, or digests and documents are not as many.
    /// </exception>
    public RoundWorker(TrainingEnclave enclave, WorkerKey worker, WorkerCorpus corpus, InnerTrainer trainer)
    {
        ArgumentNullException.ThrowIfNull(enclave);
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(trainer);
        if (enclave.NumericProfile != trainer.Profile || trainer.Steps != 0 || corpus.Documents.Count != corpus.Digests.Count)
        {
            throw new ArgumentException("a worker needs a new trainer, an enclave of the same numeric profile, and a digest for every document");
        }

        (_enclave, Worker, _corpus, _trainer) = (enclave, worker, corpus, trainer);
        Layout = Layouts.Of(trainer.Layout);
        Initial = new WorkerState(trainer.GetState(), []);
    }

    /// <summary>Whose records they are.</summary>
    public WorkerKey Worker { get; }

    /// <summary>How weights and gradients lie.</summary>
    public GradientLayout Layout { get; }

    /// <summary>The state before a worker's first round.</summary>
    public WorkerState Initial { get; }

    /// <summary>The root of a state's optimiser, as records give it.</summary>
    public static byte[] OptimiserRoot(WorkerState state) => TrainingRoots.OfOptimiser(state.Optimiser);

    /// <summary>Runs a round's inner steps and signs its record, once.</summary>
    /// <param name="baseWeights">The model that the round starts from.</param>
    /// <param name="before">The worker's state.</param>
    /// <param name="head">The end of its chain.</param>
    /// <param name="task">What is to be done.</param>
    /// <param name="progress">Told of every step; null if nobody wants it.</param>
    /// <param name="cancellationToken">Stops between two steps; nothing is signed then.</param>
    /// <exception cref="TrainingException">The state is not the trainer's, or a loss is not finite: no record can say so.</exception>
    /// <exception cref="EnclaveException">The keyset has ended.</exception>
    public RoundWork Run(
        ReadOnlyMemory<float> baseWeights, WorkerState before, ChainHead head, RoundTask task, IProgress<InnerProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(head);
        ArgumentNullException.ThrowIfNull(task);
        task.Validate(_corpus.Documents.Count);
        if (head.Round is { } last && task.Round <= last)
        {
            throw new ArgumentException($"the chain's last record is of round {last}; another of round {task.Round} would be a second history", nameof(task));
        }

        List<TrainingStep> steps = [];
        List<float> losses = [];
        void Add(TrainingStep step)
        {
            steps.Add(step);
            losses.Add(step.Loss);
        }

        Steps(baseWeights.Span, before, task, progress, Add, cancellationToken);
        float[] after = _trainer.Weights.ToArray();
        float[] gradient = new float[after.Length];
        for (int i = 0; i < gradient.Length; i++)
        {
            gradient[i] = baseWeights.Span[i] - after[i];
        }

        (byte[] sent, byte[] root, float[] rest) = Compress(gradient, before.Rest, task.Compression);
        WorkerState state = new(_trainer.GetState(), rest);
        TrainingRecord record = new()
        {
            BootId = default,
            IssuedAt = default,
            Id = default,
            KeysetDigest = default,
            Simulated = _enclave.IsSimulated,
            NumericProfile = _trainer.Profile,
            Worker = Worker.Bytes.ToArray(),
            Round = task.Round,
            Beacon = task.Beacon,
            BaseModelRoot = steps[0].ModelRoot,
            ShardRoot = ShardAssignment.Root(task.Beacon.Span, Worker, task.Round, _corpus.Digests, task.Documents),
            Losses = losses,
            GradientRoot = root,
            ErrorFeedbackRoot = TrainingRoots.OfErrorFeedback(rest),
            OptimiserRoot = OptimiserRoot(state),
            StepsRoot = StepOpening.Root(steps),
            ResultRoot = TrainingRoots.OfModel(Layout, after),
            Counter = head.Counter + 1,
            Previous = head.Digest,
        };
        byte[] signed = _enclave.Sign(record, head.IssuedAt, out _);
        using ECDsa key = _enclave.Keyset.SigningKey.ToECDsa();
        return TrainingRecord.TryParse(signed, key, out TrainingRecord? read, out _)
            ? new RoundWork(signed, read, sent, after, state, ChainHead.Of(read), steps)
            : throw new TrainingException("The record cannot be read back: a loss is below zero or not finite, or the keyset was renewed meanwhile.");
    }

    /// <summary>Runs a round again and opens one step of it.</summary>
    /// <param name="baseWeights">The model that the round started from.</param>
    /// <param name="before">The worker's state before it.</param>
    /// <param name="task">What was done.</param>
    /// <param name="record">The round's record, which was read.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TrainingException">The steps are not those of the record: another base, state, task or numeric profile.</exception>
    public OpenedStep Open(
        ReadOnlyMemory<float> baseWeights, WorkerState before, RoundTask task, TrainingRecord record, int step, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(record);
        task.Validate(_corpus.Documents.Count);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, task.Rates.Count);
        List<TrainingStep> steps = [];
        float[] weights = baseWeights.ToArray(), opened = [], gradient = [];
        IReadOnlyList<(string, ReadOnlyMemory<byte>)> optimiser = before.Optimiser, kept = [];
        void Look(TrainingStep done)
        {
            steps.Add(done);
            if (done.Number == step)
            {
                (opened, kept, gradient) = (weights, optimiser, _trainer.LastGradient.ToArray());
            }
            else if (done.Number == step - 1)
            {
                (weights, optimiser) = (_trainer.Weights.ToArray(), _trainer.GetState());
            }
        }

        Steps(baseWeights.Span, before, task, null, Look, cancellationToken);
        return steps.Count == record.Steps && StepOpening.Root(steps).AsSpan().SequenceEqual(record.StepsRoot.Span)
            ? new OpenedStep(StepOpening.Create(steps, step), step + 1 < steps.Count ? StepOpening.Create(steps, step + 1) : null, opened, kept, gradient)
            : throw new TrainingException("These are not the record's steps: it was made from another model, state or task, or on another numeric profile.");
    }

    /// <summary>The dense gradient, before clipping, of a round's first step: the bits that the step will take.</summary>
    /// <param name="baseWeights">The model that the round starts from.</param>
    /// <param name="before">The worker's state.</param>
    /// <param name="task">What is to be done.</param>
    public float[] FirstGradient(ReadOnlyMemory<float> baseWeights, WorkerState before, RoundTask task)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(task);
        task.Validate(_corpus.Documents.Count);
        _trainer.SetWeights(baseWeights.Span);
        _trainer.SetState(before.Optimiser);
        _ = _trainer.Gradient(Batches(task).Next());
        return _trainer.LastGradient.ToArray();
    }

    // Every step is seen with the weights and the state behind it, and the gradient that it took.
    private void Steps(
        ReadOnlySpan<float> baseWeights, WorkerState before, RoundTask task, IProgress<InnerProgress>? progress, Action<TrainingStep> done, CancellationToken cancellationToken)
    {
        OrderedBatches batches = Batches(task);
        _trainer.SetWeights(baseWeights);
        _trainer.SetState(before.Optimiser);
        for (int step = 0; step < task.Rates.Count; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            byte[] model = TrainingRoots.OfModel(Layout, _trainer.Weights);
            byte[] optimiser = TrainingRoots.OfOptimiser(_trainer.GetState());
            StepResult result = _trainer.Step(batches.Next(), task.Rates[step]);
            float loss = (float)result.Loss;
            if (!float.IsFinite(loss) || !double.IsFinite(result.GradientNorm))
            {
                throw new TrainingException($"The loss or the gradient is not finite at step {step + 1} of round {task.Round}; a lower learning rate may help.");
            }

            done(new TrainingStep(step, model, optimiser, TrainingRoots.OfDenseGradient(Layout, _trainer.LastGradient), loss));
            progress?.Report(new InnerProgress(step + 1, task.Rates.Count, result.Loss, task.Rates[step], result.GradientNorm, result.Tokens));
        }
    }

    private OrderedBatches Batches(RoundTask task)
    {
        int[] assigned = ShardAssignment.Documents(task.Beacon.Span, Worker, task.Round, _corpus.Documents.Count, task.Documents);
        return new OrderedBatches([.. assigned.Select(document => _corpus.Documents[document])], task.Rows, task.Length);
    }

    private (byte[] Sent, byte[] Root, float[] Kept) Compress(float[] gradient, float[] rest, GradientBits? bits)
    {
        if (bits is not { } chosen)
        {
            return ([], TrainingRoots.OfDenseGradient(Layout, gradient), []);
        }

        ErrorFeedback feedback = new(Layout, rest);
        byte[] sent = feedback.Compress(gradient, chosen);
        return (sent, TrainingRoots.OfGradient(sent), feedback.Rest.ToArray());
    }
}
