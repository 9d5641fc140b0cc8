using System.Security.Cryptography;
using Verathos.Enclave.Platform;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Enclave.Training;

/// <summary>
/// Follows a recipe as one worker that trains alone: rounds of inner steps, a signed record for each, and the next round from exactly
/// what the last one came to. State and chain are written after every round, the state first, so that a kill at any point loses at most
/// a round that nobody saw, and no record that anybody did.
/// </summary>
public sealed class LocalTraining
{
    // A round has to end before the keyset under which it is signed does.
    private static readonly TimeSpan KeysetReserve = TimeSpan.FromMinutes(30);

    private readonly TrainingRecipe _recipe;
    private readonly LocalTrainingOptions _options;
    private readonly IPlatformDriver _driver;
    private readonly Action<KeysetEvidence> _keep;
    private readonly TimeProvider _time;
    private readonly IProgress<LocalProgress>? _progress;
    private readonly byte[] _digest;
    private readonly int _rounds;

    /// <summary>Prepares a run.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="options">The rest.</param>
    /// <param name="driver">The platform whose evidence vouches for the records' keys; stays the caller's.</param>
    /// <param name="keep">Keeps the evidence of a keyset on disk, before any record is signed under it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="progress">Told of every stage and step; null if nobody wants it.</param>
    public LocalTraining(
        TrainingRecipe recipe, LocalTrainingOptions options, IPlatformDriver driver, Action<KeysetEvidence> keep, TimeProvider time, IProgress<LocalProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(options);
        (_recipe, _options, _driver, _keep, _time, _progress) = (recipe, options, driver, keep, time, progress);
        (_digest, _rounds) = (Convert.FromHexString(recipe.Digest()), recipe.Optimiser.RoundCount());
    }

    private string Folder => Path.Combine(_options.Folder, TrainingFolder.Name);

    /// <summary>Trains, continuing the records of the same recipe if there are some.</summary>
    /// <param name="cancellationToken">Stops between two steps; the rounds that are done are kept.</param>
    /// <exception cref="TrainingException">The corpus is not the recipe's, records or state are not what they should be, or the loss is no longer finite.</exception>
    /// <exception cref="PlatformException">The platform refuses.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public async Task<LocalTrainingResult> RunAsync(CancellationToken cancellationToken)
    {
        NativeRuntime.Load();
        long started = _time.GetTimestamp();
        Directory.CreateDirectory(Folder);
        var corpus = RecipeCorpus.Create(_recipe, _options.CorpusFile, Report, cancellationToken);
        ModelConfig config = _recipe.Model.ToConfig(corpus.Vocabulary.Tokens.Count);
        var start = ModelWeights.Random(config, _recipe.Seed);
        using InnerTrainer trainer = new(start, _recipe.Optimiser.ToInnerSettings(), _options.Threads);
        byte[] startRoot = TrainingRoots.OfModel(Layouts.Of(trainer.Layout), start.Values);
        using TrainingEnclave enclave = await TrainingEnclave.StartAsync(
            new TrainingEnclaveOptions
            {
                Name = _recipe.Name,
                ModelRoot = startRoot,
                Tensors = trainer.Layout.Tensors.Count,
                Bytes = 4L * trainer.Count,
                NumericProfile = trainer.Profile,
            },
            _driver, _time, cancellationToken).ConfigureAwait(false);
        RoundWorker worker = new(enclave, LocalRounds.Worker(_digest), new WorkerCorpus(corpus.Documents, corpus.Digests), trainer);
        LocalStore store = new(Folder, worker, trainer.Layout, _recipe, corpus.Digests, startRoot);
        LocalState state = store.Read(_options.Fresh, start.Values, trainer.Profile);
        byte[] nonce = LocalRounds.Nonce(_digest, startRoot);
        await KeepEvidenceAsync(enclave, nonce, cancellationToken).ConfigureAwait(false);

        int first = state.Chain.Count, last = Math.Min(_rounds, _options.StopAfter ?? _rounds);
        long trainingStarted = _time.GetTimestamp();
        Steps steps = new(this, first, trainingStarted);
        try
        {
            while (state.Chain.Count < last)
            {
                if (await enclave.RenewAsync(KeysetReserve, cancellationToken).ConfigureAwait(false))
                {
                    await KeepEvidenceAsync(enclave, nonce, cancellationToken).ConfigureAwait(false);
                }

                state = Round(worker, store, state, steps, enclave, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What is done is kept; the round that was not is run again.
        }

        bool completed = state.Chain.Count == _rounds;
        if (completed)
        {
            ModelFolder.Write(_options.Folder, _recipe, corpus.Vocabulary, trainer.Layout, state.Weights);
            Report(TrainingStage.Saved);
        }

        return new LocalTrainingResult(
            completed, _recipe.Optimiser.StepsBefore(state.Chain.Count), first, state.Chain, steps.Loss, trainer.Count, corpus.Vocabulary.Tokens.Count, corpus.Tokens,
            corpus.Sha256, trainer.Profile, enclave.IsSimulated, _time.GetElapsedTime(started), steps.Speed);
    }

    private LocalState Round(RoundWorker worker, LocalStore store, LocalState state, Steps steps, TrainingEnclave enclave, CancellationToken cancellationToken)
    {
        int number = state.Chain.Count;
        RoundTask task = LocalStore.Task(_recipe, _digest, number);
        if (store.KeepsGradient(number))
        {
            // Whoever cannot compute these bits compares gradients instead, and needs one to compare with.
            store.WriteState(number, state, worker.FirstGradient(state.Weights, state.Worker, task));
        }

        RoundWork work = worker.Run(state.Weights, state.Worker, state.Head, task, steps.Begin(number), cancellationToken);
        LocalState next = new(work.After, work.State, work.Head, [.. state.Chain, new ChainEntry(new SignedRecord(work.Record, enclave.Keyset), work.Steps)]);
        store.WriteState(number + 1, next, null);
        store.WriteChain(next.Chain);
        return next;
    }

    private async Task KeepEvidenceAsync(TrainingEnclave enclave, byte[] nonce, CancellationToken cancellationToken)
    {
        DateTimeOffset at = _time.GetUtcNow();
        _keep(new KeysetEvidence(enclave.Keyset, await enclave.GetEvidenceAsync(nonce, cancellationToken).ConfigureAwait(false), nonce, at));
    }

    private void Report(TrainingStage stage) =>
        _progress?.Report(new LocalProgress(stage, 0, _recipe.Optimiser.Steps, 0, _rounds, double.NaN, 0, 0, 0, TimeSpan.Zero));

    private sealed class Steps(LocalTraining owner, int first, long started) : IProgress<InnerProgress>
    {
        private int _round;

        public double Loss { get; private set; } = double.NaN;

        public double Speed { get; private set; }

        public Steps Begin(int round)
        {
            _round = round;
            return this;
        }

        public void Report(InnerProgress value)
        {
            OptimiserSettings settings = owner._recipe.Optimiser;
            int step = settings.StepsBefore(_round) + value.Step, done = step - settings.StepsBefore(first);
            double seconds = owner._time.GetElapsedTime(started).TotalSeconds;
            Loss = value.Loss;
            Speed = seconds > 0 ? (double)done * settings.Rows * settings.Length / seconds : 0;
            TimeSpan remaining = TimeSpan.FromSeconds(seconds / done * (settings.Steps - step));
            int rounds = value.Step == value.Steps ? _round + 1 : _round;
            owner._progress?.Report(new LocalProgress(
                TrainingStage.Training, step, settings.Steps, rounds, owner._rounds, value.Loss, value.Rate, value.GradientNorm, Speed, remaining));
        }
    }
}
