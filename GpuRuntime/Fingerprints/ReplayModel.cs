using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Manifest;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Compute.Torch;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>
/// A model as a validator holds it: its weights for keys, and its forward pass for replays of answers. In the served profile a
/// replay is exact, in any other it is near. For one user at a time.
/// </summary>
public sealed class ReplayModel : IDisposable
{
    private readonly ModelSource _source;
    private readonly LoadedModel _model;
    private readonly Lazy<ValidatorKeyMaker> _keys;

    private ReplayModel(ModelSource source, LoadedModel model)
    {
        (_source, _model) = (source, model);
        _keys = new Lazy<ValidatorKeyMaker>(() => new ValidatorKeyMaker(source));
        Shape = ValidatorKeyMaker.ShapeOf(model.Config);
    }

    /// <summary>The model's configuration.</summary>
    public ModelConfig Config => _model.Config;

    /// <summary>What was loaded.</summary>
    public ModelManifest Manifest => _model.Manifest;

    /// <summary>What fixes the bits of its replays.</summary>
    public NumericProfile Profile => _model.Profile;

    /// <summary>The most positions of an answer.</summary>
    public int MaxContext => _model.MaxContext;

    /// <summary>Sizes of a step's leaves.</summary>
    public TraceShape Shape { get; }

    /// <summary>Whether its replays give the bits of a node of the served profile.</summary>
    public bool IsExact => Profile == NumericProfile.Served;

    /// <summary>Under which profile the limits and likelihoods lie of served answers that this model replays.</summary>
    public string SeenProfile => Seen(Profile);

    /// <summary>What is no secret of a validator's keys.</summary>
    public ModelConstants Constants => _keys.Value.Constants;

    internal ModelSource Source => _source;

    internal ValidatorKeyMaker Keys => _keys.Value;

    internal IComputeBackend Backend => _model.Backend;

    /// <summary>The served profile's identifier, and after a tilde the name of the profile that sees its answers, where that is another.</summary>
    /// <param name="replays">The validator's.</param>
    public static string Seen(NumericProfile replays) =>
        replays == NumericProfile.Served ? NumericProfile.Served.Identifier : $"{NumericProfile.Served.Identifier}~{replays}";

    /// <summary>Opens a Hugging Face folder, a .gguf file, or with "random-135m" or "random-135m:SEED" a model of SmolLM2-135M's shape with random weights.</summary>
    /// <param name="path">Where.</param>
    /// <param name="options">How; without adapters.</param>
    /// <param name="progress">Told while weights are read and hashed.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="Formats.ModelFormatException">The model is damaged or not supported.</exception>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    public static ReplayModel Open(string path, LoadOptions options, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        return Open(OpenSource(path, cancellationToken), path, options, progress, cancellationToken);
    }

    internal static ReplayModel Open(ModelSource source, string name, LoadOptions options, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return new ReplayModel(source, ModelLoader.Finish(source, ModelLoader.NameOf(name, options), options, progress, cancellationToken));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    internal static ModelSource OpenSource(string path, CancellationToken stop)
    {
        const string random = "random-135m";
        int seed = 1;
        if (path == random || (path.StartsWith(random + ':', StringComparison.Ordinal)
            && int.TryParse(path.AsSpan(random.Length + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out seed)))
        {
            return RandomModel.CreateSource(RandomModel.SmolLm2Shape, seed);
        }

        return Directory.Exists(path) ? HuggingFaceFolder.Open(path, static _ => { }, stop)
            : File.Exists(path) ? GgufModel.Open(path, static _ => { }, stop)
            : throw new FileNotFoundException($"no model at {path}", path);
    }

    /// <summary>Writes a fresh key file for one epoch.</summary>
    /// <param name="stream">Stays open.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="ownerSecret">32 bytes; not kept.</param>
    public void WriteKeys(Stream stream, long epoch, ReadOnlySpan<byte> ownerSecret) => _keys.Value.Write(stream, epoch, Manifest.Root, ownerSecret);

    /// <summary>Computes an answer again.</summary>
    /// <param name="request">Which, and how much of it.</param>
    /// <param name="cancellationToken">Stops before it begins.</param>
    /// <exception cref="ArgumentException">The request does not fit the model, or asks for a commitment that this profile or depth cannot compute.</exception>
    public AnswerReplay Replay(ReplayRequest request, CancellationToken cancellationToken = default)
    {
        Check(request);
        cancellationToken.ThrowIfCancellationRequested();
        ReplayCollector collector = new(request, Config.Layers);
        try
        {
            if (request.TraceSecret is not { } secret)
            {
                Run(request, collector, null);
                collector.Proofs.Finish();
                return new AnswerReplay(request, collector);
            }

            using TraceCommitment commitment = new(Shape, secret);
            using TraceSalts salts = new(secret);
            Run(request, collector, new SequenceTrace(commitment, request.PromptTokens));
            collector.Proofs.Finish();
            byte[] root = new byte[TraceHash.Size];
            commitment.WriteRoot(root);
            (byte[] toploc, byte[] sketches) = collector.Proofs.Roots(salts);
            return new AnswerReplay(request, collector) { StepHashes = [.. commitment.StepHashes], TraceRoot = root, ToplocRoot = toploc, SketchRoot = sketches };
        }
        catch
        {
            collector.Dispose();
            throw;
        }
    }

    /// <summary>Computes one step again and opens all its leaves, without a path.</summary>
    /// <param name="request">With a trace's secret, all layers.</param>
    /// <param name="step">Which.</param>
    public StepOpening ReplayStep(ReplayRequest request, int step)
    {
        Check(request);
        ArgumentNullException.ThrowIfNull(request.TraceSecret);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, request.Ids.Length - 1);
        using TraceCommitment commitment = new(Shape, request.TraceSecret);
        using TraceSalts salts = new(request.TraceSecret);
        OpeningRecorder recorder = new(Shape, [step], layer: -1, step);
        ReplayCollector collector = new(request, Config.Layers);
        Run(request with { Ids = request.Ids[..(step + 2)] }, collector, new SequenceTrace(commitment, request.PromptTokens) { Recorder = recorder });
        collector.Dispose();
        return recorder.Open(step, request.Ids[step], salts, []);
    }

    /// <summary>Opens a committed answer as a node does that runs this model.</summary>
    /// <param name="answer">What was kept.</param>
    /// <param name="plan">What is asked for.</param>
    /// <exception cref="InvalidOperationException">The steps computed again are not those committed to, or the profile is another.</exception>
    public (LayerEvidence Layer, LogitsEvidence Logits) Open(CommittedAnswer answer, in OpeningPlan plan) =>
        _model.Backend is Lane16Backend backend
            ? new OpeningMaker(backend, _keys.Value).Open(answer, plan)
            : throw new InvalidOperationException($"only {NumericProfile.Served} opens answers");

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        _source.Dispose();
    }

    private void Run(ReplayRequest request, ReplayCollector collector, SequenceTrace? trace)
    {
        int depth = request.Depth == 0 ? Config.Layers : request.Depth;
        int steps = request.Ids.Length - 1;
        int firstLogits = request.Logits || trace is not null ? request.PromptTokens - 1 : steps;
        using SequenceState state = Backend.CreateSequence(steps);
        switch (Backend)
        {
            case Lane16Backend lanes:
                state.Trace = trace;
                lanes.Hook = collector;
                try
                {
                    lanes.Replay(state, request.Ids.AsSpan(0, steps), firstLogits, depth);
                }
                finally
                {
                    lanes.Hook = null;
                }

                break;
            case TorchBackend torch:
                torch.Replay(state, request.Ids.AsSpan(0, steps), firstLogits, depth, collector);
                break;
            default:
                throw new ArgumentException($"{Profile} replays nothing", nameof(request));
        }
    }

    private void Check(ReplayRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        int steps = request.Ids.Length - 1;
        if (request.PromptTokens < 1 || request.PromptTokens > steps || steps > MaxContext || request.Ids.Any(id => (uint)id >= (uint)Config.VocabularySize))
        {
            throw new ArgumentException($"{request.PromptTokens} of {request.Ids.Length} ids are no answer of this model in a context of {MaxContext}", nameof(request));
        }

        if (request.Depth != 0 && !Fingerprint.Sketches.SketchPlan.Depths(Config.Layers).Contains(request.Depth))
        {
            throw new ArgumentException($"nothing is sketched after {request.Depth} layers", nameof(request));
        }

        bool whole = request.Depth == 0 || request.Depth == Config.Layers;
        if ((request.Logits && !whole) || (request.TraceSecret is not null && !(whole && IsExact)))
        {
            throw new ArgumentException($"logits and commitments take all layers, and commitments {NumericProfile.Served}", nameof(request));
        }
    }
}
