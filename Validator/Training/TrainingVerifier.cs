using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Bundles;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.GpuRuntime.Training.Vocabulary;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Rounds;
using Verathos.Training.Shards;

namespace Verathos.Validator.Training;

/// <summary>
/// Checks a model that was trained alone against its chain of records: who signed, what was trained on, that every number follows from
/// the one before as far as roots show it, that the model is what the last record names, and, by computing steps again, that the
/// arithmetic was done. Nothing is checked after the first failure, and what was not checked does not count as right.
/// </summary>
public sealed class TrainingVerifier
{
    private static ReadOnlySpan<byte> DrawLabel => "verathos.verify-step.v1"u8;

    private readonly TrainingVerifyOptions _options;
    private readonly TrainingRecipe _recipe;
    private readonly Action<string, int, int> _progress;
    private readonly List<TrainingCheck> _checks = [];
    private readonly byte[] _digest;

    /// <summary>Prepares a check.</summary>
    /// <param name="recipe">The model's recipe.</param>
    /// <param name="options">The rest.</param>
    /// <param name="progress">Told what is being done, and how many of how many of it are done.</param>
    public TrainingVerifier(TrainingRecipe recipe, TrainingVerifyOptions options, Action<string, int, int> progress)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        (_recipe, _options, _progress, _digest) = (recipe, options, progress, Convert.FromHexString(recipe.Digest()));
    }

    private string Folder => Path.Combine(_options.Folder, TrainingFolder.Name);

    /// <summary>Makes the checks.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The named step is none of the run's.</exception>
    /// <exception cref="IOException">A file that is there cannot be read.</exception>
    public TrainingVerdict Run(CancellationToken cancellationToken)
    {
        Findings found = new();
        try
        {
            Check(found, cancellationToken);
        }
        catch (TrainingMismatchException mismatch)
        {
            _checks.Add(new TrainingCheck(TrainingCheckNames.All[_checks.Count], false, mismatch.Message));
        }

        return new TrainingVerdict(_checks, found.Records.Count, _recipe.Optimiser.Steps, found.Profile, found.Simulated, found.Replay);
    }

    private void Check(Findings found, CancellationToken cancellationToken)
    {
        if (_options.Step is { } named && (named < 0 || named >= _recipe.Optimiser.Steps))
        {
            throw new ArgumentException($"the run has steps 0 to {_recipe.Optimiser.Steps - 1}, and no step {named}");
        }

        string path = Path.Combine(Folder, TrainingFolder.ChainFile);
        byte[] file = File.Exists(path) ? File.ReadAllBytes(path) : throw new TrainingMismatchException($"{TrainingFolder.ChainFile} is missing");
        if (!ChainFile.TryParse(file, out IReadOnlyList<ChainEntry>? chain) || chain.Count == 0)
        {
            throw new TrainingMismatchException($"{TrainingFolder.ChainFile} is not a chain of training records");
        }

        Passed($"{chain.Count} records under {Keysets(chain).Count} keysets");
        RecipeText text = Text();
        cancellationToken.ThrowIfCancellationRequested();
        BpeVocabulary vocabulary = Vocabulary(text);
        cancellationToken.ThrowIfCancellationRequested();
        ModelConfig config = _recipe.Model.ToConfig(vocabulary.Tokens.Count);
        var start = ModelWeights.Random(config, _recipe.Seed);
        byte[] startRoot = TrainingRoots.OfModel(new GradientLayout([.. start.Layout.Tensors.Select(static tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]), start.Values);
        Evidence(found, chain, startRoot);
        Records(found, chain, text, startRoot);
        Rounds(found);
        using InnerTrainer trainer = new(start, _recipe.Optimiser.ToInnerSettings(), _options.Threads);
        IReadOnlyList<(string, ReadOnlyMemory<byte>)> initial = trainer.GetState();
        Steps(found, chain, TrainingRoots.OfOptimiser(initial));
        IReadOnlyList<IReadOnlyList<TrainingStep>> steps = [.. chain.Select(static entry => entry.Steps)];
        var states = KeptStates.Read(Folder, start.Layout, found.Records, steps, initial);
        Passed($"{states.All.Count} states, after {string.Join(", ", states.All.Keys)} rounds");
        Model(states.All[found.Records.Count], start.Layout);
        Replay(found, file, states, new RunReplay(_recipe, text, RecipeText.Encoder(vocabulary), trainer, found.Records, steps), trainer.Profile, cancellationToken);
    }

    private RecipeText Text()
    {
        _progress("writing the training text", 0, 1);
        try
        {
            var text = RecipeText.Write(_recipe, null);
            Passed($"{text.Documents.Count} documents, SHA-256 {text.Sha256}{(_recipe.CorpusSha256 is null ? "; the recipe names none" : "")}");
            return text;
        }
        catch (TrainingException exception)
        {
            throw new TrainingMismatchException(exception.Message);
        }
    }

    private BpeVocabulary Vocabulary(RecipeText text)
    {
        _progress("training the vocabulary", 0, 1);
        BpeVocabulary vocabulary = text.TrainVocabulary();
        string path = Path.Combine(_options.Folder, "tokenizer.json");
        if (!File.Exists(path) || File.ReadAllText(path) != vocabulary.ToTokenizerJson())
        {
            throw new TrainingMismatchException("tokenizer.json is missing, or not the one that the training text gives");
        }

        Passed($"{vocabulary.Tokens.Count} tokens");
        return vocabulary;
    }

    private void Evidence(Findings found, IReadOnlyList<ChainEntry> chain, byte[] startRoot)
    {
        byte[] nonce = LocalRounds.Nonce(_digest, startRoot);
        IReadOnlyList<Keyset> keysets = Keysets(chain);
        foreach (Keyset keyset in keysets)
        {
            string name = TrainingFolder.EvidenceFile(keyset.Digest.Span), path = Path.Combine(Folder, TrainingFolder.EvidenceFolder, name);
            if (!File.Exists(path) || !ProofBundle.TryDecode(File.ReadAllBytes(path), out ProofBundle? bundle, out _))
            {
                throw new TrainingMismatchException($"the evidence {name} of a keyset is missing, or does not parse");
            }

            BundleVerdict verdict = BundleVerifier.Verify(bundle, _options.Policy, _options.Anchors, _options.KnowsTimes ? bundle.JudgedAt : null, TimeSource.Verifier);
            string? problem = !verdict.Evidence.Verdict.IsAccepted ? $"is not accepted by the policy {_options.Policy.Name}: {verdict.Evidence.Verdict.Reason}"
                : !keyset.Digest.Span.SequenceEqual(verdict.Evidence.Keyset!.Digest.Span) ? "vouches for another keyset"
                : !bundle.Nonce.AsSpan().SequenceEqual(nonce) ? "was made for another run"
                : !verdict.Evidence.Manifest!.Root.AsSpan().SequenceEqual(startRoot) ? "names another model to start from"
                : null;
            if (problem is not null)
            {
                throw new TrainingMismatchException($"the evidence {name} {problem}");
            }

            found.Profiles[Convert.ToHexString(keyset.Digest.Span)] = (verdict.Evidence.Configuration!.NumericProfile, verdict.Evidence.Simulated);
        }

        Passed($"{keysets.Count} keysets, policy {_options.Policy.Name}{(_options.Anchors.Simulated ? ", SIMULATED" : "")}");
    }

    private void Records(Findings found, IReadOnlyList<ChainEntry> chain, RecipeText text, byte[] startRoot)
    {
        List<ReadOnlyMemory<byte>> results = [startRoot];
        RecordChainVerdict verdict = RecordChain.Verify(
            [.. chain.Select(static entry => entry.Signed)],
            round => round >= 1 && round <= (ulong)results.Count ? results[(int)round - 1] : null,
            (worker, round, beacon) => worker.Equals(LocalRounds.Worker(_digest)) && beacon.Span.SequenceEqual(LocalRounds.Beacon(_digest, round))
                ? ShardAssignment.Root(beacon.Span, worker, round, text.Digests, _recipe.Optimiser.DocumentsPerRound)
                : null,
            record => results.Add(record.ResultRoot));
        if (!verdict.IsValid)
        {
            throw new TrainingMismatchException($"record {verdict.Index + 1}: {verdict.Error}");
        }

        foreach (TrainingRecord record in verdict.Records)
        {
            (string profile, bool simulated) = found.Profiles[Convert.ToHexString(record.KeysetDigest.Span)];
            if (record.NumericProfile != profile || record.Simulated != simulated)
            {
                throw new TrainingMismatchException($"record {record.Counter}: its evidence states another numeric profile, or hides that the platform is simulated");
            }
        }

        found.Records = verdict.Records;
        Passed($"signatures, numbers, digests, times, models and documents of {verdict.Records.Count} records");
    }

    private void Rounds(Findings found)
    {
        int rounds = _recipe.Optimiser.RoundCount();
        if (found.Records.Count != rounds)
        {
            throw new TrainingMismatchException($"there are {found.Records.Count} records, the recipe has {rounds} rounds");
        }

        byte[] nothing = TrainingRoots.OfErrorFeedback([]);
        for (int round = 0; round < rounds; round++)
        {
            TrainingRecord record = found.Records[round];
            if (record.Round != (ulong)round + 1 || record.Steps != _recipe.Optimiser.Rates(round).Length || !record.ErrorFeedbackRoot.Span.SequenceEqual(nothing))
            {
                throw new TrainingMismatchException($"record {round + 1} is of round {record.Round} with {record.Steps} steps, or keeps something that was not sent");
            }
        }

        Passed($"{rounds} rounds, {_recipe.Optimiser.Steps} steps");
    }

    private void Steps(Findings found, IReadOnlyList<ChainEntry> chain, byte[] initial)
    {
        ReadOnlyMemory<byte> optimiser = initial;
        for (int round = 0; round < chain.Count; round++)
        {
            TrainingRecord record = found.Records[round];
            IReadOnlyList<TrainingStep> steps = chain[round].Steps;
            if (steps.Count != record.Steps || steps.Where((step, i) => step.Number != i).Any() || !StepOpening.Root(steps).AsSpan().SequenceEqual(record.StepsRoot.Span))
            {
                throw new TrainingMismatchException($"the steps of record {round + 1} are not those that it commits to");
            }

            StepOpeningError error = steps.Select((_, i) => StepOpening.Create(steps, i).Verify(record)).FirstOrDefault(static error => error != StepOpeningError.None, StepOpeningError.None);
            if (error != StepOpeningError.None)
            {
                throw new TrainingMismatchException($"a step of record {round + 1} contradicts it: {error}");
            }

            if (!steps[0].OptimiserRoot.Span.SequenceEqual(optimiser.Span))
            {
                throw new TrainingMismatchException($"record {round + 1} goes on from another optimiser's state than the one before it left");
            }

            optimiser = record.OptimiserRoot;
        }

        Passed($"{chain.Sum(static entry => entry.Steps.Count)} steps with their losses");
    }

    private void Model(TrainingState last, ParameterLayout layout)
    {
        string path = Path.Combine(_options.Folder, ModelFolder.WeightsFile);
        try
        {
            using var file = SafetensorsFile.Read(path);
            for (int i = 0; i < layout.Tensors.Count; i++)
            {
                (string name, int rows, int columns) = layout.Tensors[i];
                TensorInfo? tensor = file.Tensors.FirstOrDefault(each => each.Name == name);
                if (tensor is not { Type: TensorType.BF16 } || !file.Bytes(tensor).SequenceEqual(ModelFolder.ToHalf(last.Weights.AsSpan(layout.Offset(i), rows * columns))))
                {
                    throw new TrainingMismatchException($"{name} in {ModelFolder.WeightsFile} is not the last state's, rounded to bf16");
                }
            }

            if (file.Tensors.Count != layout.Tensors.Count)
            {
                throw new TrainingMismatchException($"{ModelFolder.WeightsFile} has tensors that were not trained");
            }
        }
        catch (Exception exception) when (exception is ModelFormatException or FileNotFoundException)
        {
            throw new TrainingMismatchException($"{ModelFolder.WeightsFile} cannot be read: {exception.Message}");
        }

        Passed($"{layout.Count} weights");
    }

    private void Replay(Findings found, byte[] file, KeptStates states, RunReplay replay, string profile, CancellationToken cancellationToken)
    {
        if (profile == found.Profile && !_options.WithinTolerance)
        {
            int step = _options.Step ?? Draw(file, _recipe.Optimiser.Steps);
            int from = states.All.Keys.Where(rounds => _recipe.Optimiser.StepsBefore(rounds) <= step).Max();
            int compared = replay.Follow(from, states.All[from], step, (done, of) => _progress("computing steps again", done, of), cancellationToken);
            found.Replay = new ReplayReport(_options.Step is null ? _options.Seed : null, _options.Step, step, _recipe.Optimiser.StepsBefore(from), compared, true, profile, null, null);
            Passed($"steps {_recipe.Optimiser.StepsBefore(from)} to {step}: {compared} equal bit for bit, with {_options.Threads} threads");
            return;
        }

        int[] with = [.. states.All.Where(static state => state.Value.Gradient is not null).Select(static state => state.Key)];
        if (with.Length == 0)
        {
            throw new TrainingMismatchException($"this machine computes on {profile}, the records were made on {found.Profile}, and no state has a gradient to compare with");
        }

        int rounds = _options.Step is { } named
            ? with.Where(state => _recipe.Optimiser.StepsBefore(state) <= named).DefaultIfEmpty(with[0]).Max()
            : with[Draw(file, with.Length)];
        (double gradient, double loss) = replay.Compare(rounds, states.All[rounds]);
        double tolerance = StepReplay.Tolerance(_recipe.Optimiser.Precision);
        int first = _recipe.Optimiser.StepsBefore(rounds);
        found.Replay = new ReplayReport(_options.Step is null ? _options.Seed : null, _options.Step, first, first, 1, false, profile, gradient, tolerance);
        if (!(gradient <= tolerance && loss <= tolerance))
        {
            throw new TrainingMismatchException($"step {first}: the gradient is {gradient:0.0E+0} from the recorded one and the loss {loss:0.0E+0}, the tolerance is {tolerance:0E+0}");
        }

        Passed($"step {first}: the gradient is {gradient:0.0E+0} from the recorded one and the loss {loss:0.0E+0}, within {tolerance:0E+0}; the records were made on {found.Profile}");
    }

    // The chain's bytes go into the draw: whoever wrote them could not choose what a seed draws without choosing the seed.
    private int Draw(byte[] file, int of)
    {
        Span<byte> seed = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(seed, _options.Seed);
        byte[] hash = SHA256.HashData([.. DrawLabel, .. SHA256.HashData(file), .. seed]);
        return (int)(BinaryPrimitives.ReadUInt64BigEndian(hash) % (ulong)of);
    }

    private void Passed(string detail) => _checks.Add(new TrainingCheck(TrainingCheckNames.All[_checks.Count], true, detail));

    private static IReadOnlyList<Keyset> Keysets(IReadOnlyList<ChainEntry> chain) =>
        [.. chain.Select(static entry => entry.Signed.Keyset).DistinctBy(static keyset => Convert.ToHexString(keyset.Digest.Span))];

    private sealed class Findings
    {
        public IReadOnlyList<TrainingRecord> Records { get; set; } = [];

        public Dictionary<string, (string Profile, bool Simulated)> Profiles { get; } = [];

        public ReplayReport? Replay { get; set; }

        public string Profile => Records.Count > 0 ? Records[0].NumericProfile : string.Empty;

        public bool Simulated => Records.Count > 0 ? Records[0].Simulated : Profiles.Values.Any(static each => each.Simulated);
    }
}
