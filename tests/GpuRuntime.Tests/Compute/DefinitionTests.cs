using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Compute;

/// <summary>
/// The definition of a forward pass in binary64, one position after the other, without cache, joined matrices or batches: for what
/// llama.cpp does not have (windows in several layers, shares that are not divided by their sum).
/// </summary>
public class DefinitionTests
{
    private static readonly ExpertConfig Experts = new() { Count = 5, PerToken = 2, IntermediateSize = 40, NormalisesShares = false };

    private static readonly Dictionary<string, ModelConfig> Shapes = new()
    {
        ["every layer has the window"] = SmallModel.Config with { Family = ModelFamily.Mistral, Layers = 3, SlidingWindow = 7 },
        ["the last two layers have the window"] = SmallModel.Config with { Family = ModelFamily.Qwen2, Layers = 3, AttentionBias = true, SlidingWindow = 5, FirstSlidingLayer = 1 },
        ["shares are not divided"] = SmallModel.Config with { Family = ModelFamily.Qwen3Moe, QueryKeyNorm = true, Experts = Experts },
        ["shares are divided, with a window"] = SmallModel.Config with { Family = ModelFamily.Mixtral, Experts = Experts with { NormalisesShares = true }, SlidingWindow = 9 },
        ["a shared expert"] = SmallModel.Config with { Family = ModelFamily.Qwen2Moe, AttentionBias = true, Experts = Experts with { SharedIntermediateSize = 24 } },
    };

    public static TheoryData<string> Names => [.. Shapes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void BackendsFollowTheDefinition(string name)
    {
        ModelConfig config = Shapes[name];
        int[] ids = [.. Enumerable.Range(0, 30).Select(i => ((i * i) + (11 * i)) % 320)];
        using ModelSource source = RandomModel.CreateSource(config, 4);
        double[] expected = new Definition(source).Logits(ids);
        Assert.InRange(Distance(expected, Run(config, NumericProfile.F32, ids, 30)), 0, 1e-5);
        Assert.InRange(Distance(expected, Run(config, NumericProfile.F32, ids, 11)), 0, 1e-5);
        Assert.InRange(Distance(expected, Run(config, NumericProfile.Bf16Lane16, ids, 11)), 1e-6, 0.05);
    }

    private static float[] Run(ModelConfig config, NumericProfile profile, int[] ids, int first)
    {
        using LoadedModel model = RandomModel.Create(config, 4, new LoadOptions { Profile = profile });
        float[] logits = new float[config.VocabularySize];
        using SequenceState state = model.Backend.CreateSequence(ids.Length);
        model.Backend.Forward(state, ids.AsSpan(0, first), logits);
        for (int i = first; i < ids.Length; i++)
        {
            model.Backend.Forward(state, ids.AsSpan(i, 1), logits);
        }

        return logits;
    }

    private static double Distance(double[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual).Sum(p => Math.Pow(p.First - p.Second, 2)) / expected.Sum(x => x * x));

    private sealed class Definition(ModelSource source)
    {
        private readonly ModelConfig _config = source.Config;
        private readonly Dictionary<string, float[]> _weights = source.Tensors.ToDictionary(t => t.Key, t => Read(t.Value));

        public double[] Logits(int[] ids)
        {
            double[][] stream = [.. ids.Select(id => _weights[ModelTensors.Embedding].Skip(id * _config.HiddenSize).Take(_config.HiddenSize).Select(x => (double)x).ToArray())];
            for (int layer = 0; layer < _config.Layers; layer++)
            {
                double[][] attended = Attention(layer, [.. stream.Select(x => Norm(x, ModelTensors.Layer(layer, "input_layernorm")))]);
                stream = [.. stream.Zip(attended, Add)];
                stream = [.. stream.Select(x => Add(x, FeedForward(layer, Norm(x, ModelTensors.Layer(layer, "post_attention_layernorm")))))];
            }

            return Multiply(ModelTensors.Embedding, Norm(stream[^1], ModelTensors.FinalNorm));
        }

        private static unsafe float[] Read(StoredTensor tensor)
        {
            float[] values = new float[tensor.Info.Elements];
            fixed (float* start = values)
            {
                tensor.CopyToSingle(start);
            }

            return values;
        }

        private static double[] Add(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

        private double[] Norm(double[] x, string weight)
        {
            double scale = 1 / Math.Sqrt((x.Sum(v => v * v) / x.Length) + _config.RmsNormEpsilon);
            return [.. x.Zip(_weights[weight], (v, w) => v * scale * w)];
        }

        private double[] Multiply(string matrix, double[] x)
        {
            float[] w = _weights[matrix];
            return [.. Enumerable.Range(0, w.Length / x.Length).Select(row => x.Select((v, column) => v * w[(row * x.Length) + column]).Sum())];
        }

        private double[][][] Heads(int layer, string part, int heads, double[][] inputs) =>
        [
            .. inputs.Select((x, position) =>
            {
                double[] all = Multiply(ModelTensors.Layer(layer, $"self_attn.{part}_proj"), x);
                if (_config.AttentionBias)
                {
                    all = [.. all.Zip(_weights[ModelTensors.Bias(layer, $"self_attn.{part}_proj")], (v, b) => v + b)];
                }

                return Enumerable.Range(0, heads).Select(head => Turn(layer, part, all[(head * _config.HeadSize)..((head + 1) * _config.HeadSize)], position)).ToArray();
            }),
        ];

        private double[] Turn(int layer, string part, double[] head, int position)
        {
            if (part == "v")
            {
                return head;
            }

            double[] x = _config.QueryKeyNorm ? Norm(head, ModelTensors.Layer(layer, $"self_attn.{part}_norm")) : head;
            int half = x.Length / 2;
            return
            [
                .. Enumerable.Range(0, x.Length).Select(i =>
                {
                    double angle = position * Math.Pow(_config.RopeTheta, -(double)(i % half) / half);
                    double other = i < half ? -x[i + half] : x[i - half];
                    return (x[i] * Math.Cos(angle)) + (other * Math.Sin(angle));
                }),
            ];
        }

        private double[][] Attention(int layer, double[][] inputs)
        {
            double[][][] queries = Heads(layer, "q", _config.Heads, inputs);
            double[][][] keys = Heads(layer, "k", _config.KvHeads, inputs);
            double[][][] values = Heads(layer, "v", _config.KvHeads, inputs);
            int group = _config.Heads / _config.KvHeads;
            bool slides = _config.SlidingWindow > 0 && layer >= _config.FirstSlidingLayer;
            return
            [
                .. queries.Select((query, position) =>
                {
                    int[] seen = [.. Enumerable.Range(0, position + 1).Where(p => !slides || position - p < _config.SlidingWindow)];
                    double[] mixed =
                    [
                        .. query.SelectMany((q, head) =>
                        {
                            double[] weights = [.. seen.Select(p => Math.Exp(q.Zip(keys[p][head / group], (a, b) => a * b).Sum() / Math.Sqrt(_config.HeadSize)))];
                            return Enumerable.Range(0, _config.HeadSize).Select(i => seen.Select((p, k) => weights[k] * values[p][head / group][i]).Sum() / weights.Sum());
                        }),
                    ];
                    return Multiply(ModelTensors.Layer(layer, "self_attn.o_proj"), mixed);
                }),
            ];
        }

        private double[] SwiGlu(double[] x, Func<string, string> name)
        {
            double[] gate = Multiply(name("gate_proj"), x);
            double[] up = Multiply(name("up_proj"), x);
            return Multiply(name("down_proj"), [.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)]);
        }

        private double[] FeedForward(int layer, double[] x)
        {
            if (_config.Experts is not { } experts)
            {
                return SwiGlu(x, part => ModelTensors.Layer(layer, "mlp." + part));
            }

            double[] shares = [.. Multiply(ModelTensors.Layer(layer, "mlp.gate"), x).Select(Math.Exp)];
            int[] chosen = [.. Enumerable.Range(0, experts.Count).OrderByDescending(expert => shares[expert]).Take(experts.PerToken)];
            double total = experts.NormalisesShares ? chosen.Sum(expert => shares[expert]) : shares.Sum();
            double[] sum = new double[x.Length];
            foreach (int expert in chosen)
            {
                sum = Add(sum, [.. SwiGlu(x, part => ModelTensors.Expert(layer, expert, part)).Select(v => v * shares[expert] / total)]);
            }

            if (experts.SharedIntermediateSize > 0)
            {
                double gate = 1 / (1 + Math.Exp(-Multiply(ModelTensors.Layer(layer, "mlp.shared_expert_gate"), x)[0]));
                sum = Add(sum, [.. SwiGlu(x, part => ModelTensors.Layer(layer, "mlp.shared_expert." + part)).Select(v => v * gate)]);
            }

            return sum;
        }
    }
}
