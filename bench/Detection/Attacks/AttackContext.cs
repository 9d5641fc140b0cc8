using Verathos.Fingerprint.Limits;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Fingerprints.Recording;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>What attacks and their judges share: the honest model, keys, limits and requests.</summary>
internal sealed class AttackContext : IDisposable
{
    private readonly Func<ModelSource> _open;
    private readonly Lazy<MatrixInputs> _inputs;

    public AttackContext(Func<ModelSource> open, string name, bool natural, int seed, int answers, int promptTokens, int answerTokens, IReadOnlyList<ModelLimits> limits, CancellationToken stop)
    {
        (_open, Name, Natural, Seed, Answers, PromptTokens, AnswerTokens, Limits, Stop) = (open, name, natural, seed, answers, promptTokens, answerTokens, limits, stop);
        LoadOptions load = new() { Profile = NumericProfile.Served, MaxContext = Context, Threads = 1 };
        Exact = ReplayModel.Open(open(), name, load, null, stop);
        Reference = limits.Count > 1 ? ReplayModel.Open(open(), name, load with { Profile = NumericProfile.F32 }, null, stop) : null;
        Keys = new KeySet(Exact.Keys, seed);
        Rows = new RowCache(Exact.Keys);
        Honest = (Lane16Backend)Exact.Backend;
        TaskSource source = new(Honest, seed, promptTokens, answerTokens, natural);
        Tasks = [.. Enumerable.Range(0, answers).Select(i => source.Make(i))];
        _inputs = new Lazy<MatrixInputs>(Calibrate);
    }

    public string Name { get; }

    public bool Natural { get; }

    public int Seed { get; }

    public int Answers { get; }

    public int PromptTokens { get; }

    public int AnswerTokens { get; }

    /// <summary>For exact replays, and then for those in binary32 where they are measured.</summary>
    public IReadOnlyList<ModelLimits> Limits { get; }

    public CancellationToken Stop { get; }

    /// <summary>The most positions of a sequence: an answer, and a hidden prompt before it.</summary>
    public int Context => Math.Max(PromptTokens + AnswerTokens + 32, 160);

    public ReplayModel Exact { get; }

    public ReplayModel? Reference { get; }

    public KeySet Keys { get; }

    public RowCache Rows { get; }

    public Lane16Backend Honest { get; }

    public IReadOnlyList<AnswerTask> Tasks { get; }

    /// <summary>Inputs to calibrate quantisers on.</summary>
    public MatrixInputs Inputs => _inputs.Value;

    /// <summary>A fresh private copy of the weights.</summary>
    public ModelSource OpenSource() => _open();

    /// <summary>A backend over a source.</summary>
    public Lane16Backend Backend(ModelSource source) => new(source, NumericProfile.Bf16Lane16, Context, 1);

    public void Dispose()
    {
        Keys.Dispose();
        Exact.Dispose();
        Reference?.Dispose();
    }

    private MatrixInputs Calibrate()
    {
        // Prompts other than those of the attack.
        TaskSource source = new(Honest, Seed + 1_000_000, Context - 1, 1, Natural);
        RecordingNode node = new(Honest);
        return new MatrixInputs([.. Enumerable.Range(0, 2).Select(i => node.Answer(source.Make(i) with { WithInputs = true })[0])]);
    }
}
