using Verathos.Client.Trust;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Statistics;
using Verathos.Fingerprint.Toploc;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Fingerprints.Recording;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Demo;
using Verathos.Testing;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;

namespace Verathos.Validator.Tests.Epochs;

/// <summary>Simulated nodes in this process on the demonstration model, and validators' folders for them.</summary>
internal static class SimulatedNodes
{
    private static readonly Lazy<(byte[] Root, int Layers)> s_model = new(static () =>
    {
        using LoadedModel model = Honest();
        return (model.Manifest.Root, model.Config.Layers);
    });

    public static string ModelPath => Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny");

    public static byte[] Root => s_model.Value.Root;

    public static LoadedModel Honest() => ModelLoader.Load(ModelPath, new LoadOptions { Threads = 1 });

    /// <summary>The model with its matrices rounded, under the manifest of the whole one: what a stolen attestation key can sell.</summary>
    public static LoadedModel Rounded(int levels = 127, int group = 32)
    {
        ModelSource source = ReplayModel.OpenSource(ModelPath, CancellationToken.None);
        foreach (StoredTensor tensor in WeightRounding.Matrices(source))
        {
            WeightRounding.Round(tensor, levels, group);
        }

        using LoadedModel whole = Honest();
        LoadOptions options = new() { Threads = 1 };
        return new LoadedModel(
            source.Config, source.Tokenizer, whole.Manifest, new Lane16Backend(source, options.Profile, whole.MaxContext, 1), whole.MaxContext, source.StopIds, source.ChatTemplate);
    }

    public static async Task<DemoNode> StartAsync(LoadedModel model)
    {
        Simulator.Installation.OpenOrCreate(SimulatedFolder.Default).Dispose();
        return await DemoNode.StartAsync(model, null, TestContext.Current.CancellationToken);
    }

    /// <summary>Limits of a profile that fixes every bit.</summary>
    public static LimitTable Limits()
    {
        LayerLimits layer = LayerLimits.Exact(3.05, 1e-12);
        return new LimitTable(1, [new ModelLimits(
            Convert.ToHexStringLower(Root), NumericProfile.Served.Identifier, new ToplocLimits(0, 0, 0),
            new SketchLimits(SketchPlan.Depths(s_model.Value.Layers).ToDictionary(static depth => depth, static _ => 0L)), layer, layer.Matrices[0], new MarginRules(10_000_000, 0, 0))]);
    }

    /// <summary>A table of opened layers, so that outcomes weigh.</summary>
    public static LikelihoodTables Tables() => new([LikelihoodTable.FromCounts(1, Convert.ToHexStringLower(Root), NumericProfile.Served.Identifier, "layer", [[100_000, 0]], [50_000, 50_000])]);

    /// <summary>A folder with short epochs. The caller deletes it.</summary>
    public static ValidatorFolder Folder(string root, IReadOnlyList<(string Name, Uri Url)> nodes, Func<ValidatorConfiguration, ValidatorConfiguration>? change = null)
    {
        ValidatorConfiguration configuration = ValidatorDefaults.Of("nodes.json", "policy.json", SimulatedFolder.Default, [ModelPath], 256) with
        {
            EpochSeconds = 3,
            ChallengesPerNode = 1,
            CanariesPerNode = 3,
            AuditWindowSeconds = 3,
            FreshEpochs = 1,
            Canaries = new CanaryRules { Corpus = null, Cohort = 1, MaxPromptBytes = 120, MaxAnswerTokens = 12, MaxTurns = 1 },
        };
        ValidatorFolder folder = ValidatorFolder.Create(root, change?.Invoke(configuration) ?? configuration);
        List(folder, nodes);
        File.WriteAllBytes(folder.Resolve("policy.json"), Attestation.Policies.Policy.BuiltInSource("simulated"));
        File.WriteAllBytes(folder.Resolve("limits.json"), Limits().ToJson());
        File.WriteAllBytes(folder.Resolve("likelihoods.json"), Tables().ToJson());
        return folder;
    }

    public static void List(ValidatorFolder folder, IReadOnlyList<(string Name, Uri Url)> nodes) =>
        File.WriteAllText(folder.Resolve("nodes.json"), $"[{string.Join(',', nodes.Select(static node => $"{{\"name\":\"{node.Name}\",\"url\":\"{node.Url}\",\"identity\":null}}"))}]");
}
