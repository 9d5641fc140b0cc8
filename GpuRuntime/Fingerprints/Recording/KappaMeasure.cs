using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>Measures kappa of every matrix on recorded honest products, from the weights.</summary>
internal static class KappaMeasure
{
    private const int LogitsKeys = 4;
    private static readonly string[] s_parts = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];

    /// <summary>One entry for each matrix of a layer, all layers together, and the last for the logits.</summary>
    public static List<MatrixKappa> Run(ReplayModel model, IReadOnlyList<RecordedAnswer> answers, CalibrationOptions options, Action<string, int, int>? progress, CancellationToken stop)
    {
        RowReader reader = new(model.Source);
        ModelConfig config = model.Config;
        Random random = new(options.Seed);
        Seen[] seen = [.. s_parts.Select(static _ => new Seen())];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            for (int matrix = 0; matrix < s_parts.Length; matrix++)
            {
                stop.ThrowIfCancellationRequested();
                ResidualScale scale = Read(reader, config, layer, matrix);
                for (int i = 0; i < options.Products; i++)
                {
                    RecordedAnswer answer = answers[random.Next(answers.Count)];
                    int position = random.Next(answer.StepHashes.Count);
                    (ushort[] input, ushort[] output) = Product(answer.Pass, config, layer, matrix, position);
                    seen[matrix].Add(scale.Of(input, output));
                }
            }

            progress?.Invoke("kappa of layers", layer + 1, config.Layers);
        }

        List<MatrixKappa> all = [.. seen.Select((one, matrix) => one.Result(s_parts[matrix], Calibration.ResidualLimit(one.Greatest, rounded: true)))];
        Seen logits = Logits(model, answers, options);
        all.Add(logits.Result("output", Calibration.ResidualLimit(logits.Greatest, rounded: false)));
        return all;
    }

    // Logits are not rounded, so that what is left is the order of their sums and the key's own rounding: their residual is taken as it is.
    private static Seen Logits(ReplayModel model, IReadOnlyList<RecordedAnswer> answers, CalibrationOptions options)
    {
        Seen seen = new();
        ModelConstants constants = model.Constants;
        for (int i = 0; i < LogitsKeys; i++)
        {
            int number = i;
            model.Keys.Seeds = name => TaskSource.Digest("kappa" + name, options.Seed, number);
            using MatrixKey key = model.Keys.Output();
            model.Keys.Seeds = null;
            foreach (RecordedAnswer answer in answers.Take(Math.Max(1, options.Products / 4)))
            {
                for (int step = answer.PromptTokens - 1; step < answer.StepHashes.Count; step += 7)
                {
                    float[] embedding = Array.ConvertAll(model.Keys.Open(output: false, answer.Ids[step]).Weights, BFloat16.Round);
                    float[] normed = answer.Step(step).Stream(embedding, constants.Shape.Layers, constants.Shape);
                    Lane16Math.Norm(normed, constants.FinalNorm, constants.Epsilon, normed);
                    seen.Add(key.Judge(normed, answer.Pass.Logits[step]!, rounded: false).Residual / MatrixKey.Vectors);
                }
            }
        }

        return seen;
    }

    private static ResidualScale Read(RowReader reader, ModelConfig config, int layer, int matrix)
    {
        string part = s_parts[matrix];
        bool hasBias = config.AttentionBias && matrix < 3;
        float[] bias = hasBias ? Array.ConvertAll(reader.Vector(ModelTensors.Bias(layer, part)), BFloat16.Round) : [];
        ResidualScale scale = new(reader.Size(ModelTensors.Layer(layer, part)).Columns);
        reader.Read(layer, part, (index, row) => scale.AddRow(row.Span, hasBias ? bias[index] : 0));
        return scale;
    }

    private static (ushort[] Input, ushort[] Output) Product(RecordedPass pass, ModelConfig config, int layer, int matrix, int position)
    {
        (int queries, int keys, int inner) = (config.Heads * config.HeadSize, config.KvHeads * config.HeadSize, config.IntermediateSize);
        Span<ushort> projected = pass.Projected(layer, position);
        Span<ushort> gateUp = pass.GateUp(layer, position);
        return (LayerMatrix)matrix switch
        {
            LayerMatrix.Query => (pass.Normed(layer, position).ToArray(), projected[..queries].ToArray()),
            LayerMatrix.Key => (pass.Normed(layer, position).ToArray(), projected.Slice(queries, keys).ToArray()),
            LayerMatrix.Value => (pass.Normed(layer, position).ToArray(), projected[(queries + keys)..].ToArray()),
            LayerMatrix.AttentionOutput => (pass.Attended(layer, position).ToArray(), pass.AttentionOutput(layer, position).ToArray()),
            LayerMatrix.Gate => (pass.FeedForwardNormed(layer, position).ToArray(), gateUp[..inner].ToArray()),
            LayerMatrix.Up => (pass.FeedForwardNormed(layer, position).ToArray(), gateUp[inner..].ToArray()),
            _ => (pass.Activated(layer, position).ToArray(), pass.DownOutput(layer, position).ToArray()),
        };
    }

    private sealed class Seen
    {
        private double _sum;
        private long _count;

        public double Greatest { get; private set; }

        public void Add(double kappa)
        {
            Greatest = Math.Max(Greatest, kappa);
            _sum += kappa;
            _count++;
        }

        public MatrixKappa Result(string name, double limit) => new(name, _count, _sum / _count, Greatest, limit, ResidualTail.Above(limit, Greatest));
    }
}
