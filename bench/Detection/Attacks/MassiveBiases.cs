using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Fingerprints.Recording;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>
/// A random model of the measured model's width with biases, a few of which are a thousand times the rest: outputs that large have
/// units in the last place that hide the others' errors from a test of energy.
/// </summary>
internal static class MassiveBiases
{
    private const int Layers = 4;
    private const int Massive = 3;

    /// <summary>The context of such a model.</summary>
    public static AttackContext Of(AttackContext context)
    {
        ModelConfig shape = context.Exact.Config with { Family = ModelFamily.Qwen2, AttentionBias = true, Layers = Math.Min(Layers, context.Exact.Config.Layers), VocabularySize = Math.Max(512, Math.Min(4096, context.Exact.Config.VocabularySize)) };
        ModelSource Open() => Fill(RandomModel.CreateSource(shape, context.Seed), context.Seed);
        using ReplayModel model = ReplayModel.Open(Open(), "massive", new LoadOptions { Profile = NumericProfile.Served, MaxContext = 64, Threads = 1 });
        CalibrationOptions options = new() { Seed = context.Seed, Answers = 2, PromptTokens = 16, AnswerTokens = 16, Reference = false };
        return new AttackContext(
            Open, "massive biases", natural: false, context.Seed, Math.Min(4, context.Answers), context.PromptTokens, Math.Min(24, context.AnswerTokens),
            Calibration.Run(Open, "massive biases", natural: false, options, null, context.Stop).Limits, context.Stop);
    }

    private static ModelSource Fill(ModelSource source, int seed)
    {
        Random random = new(seed);
        foreach ((_, StoredTensor tensor) in source.Tensors.Where(static t => t.Key.EndsWith(".bias", StringComparison.Ordinal)).OrderBy(static t => t.Key, StringComparer.Ordinal))
        {
            float[] values = WeightRounding.Read(tensor);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)((random.NextDouble() * 2) - 1);
            }

            // Values alone: massive keys or queries would decide all attention.
            for (int i = 0; i < Massive && tensor.Info.Name.Contains("v_proj", StringComparison.Ordinal); i++)
            {
                values[random.Next(values.Length)] = 1000;
            }

            WeightRounding.Write(tensor, values);
        }

        return source;
    }
}
