using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Compute;

/// <summary>
/// The served profile's forward pass by nothing but the definitions in Fingerprint/Numerics, one position after the other, and the
/// trace of it. What the kernels commit must be the same to the last bit.
/// </summary>
internal sealed class DefinedForward
{
    private readonly ModelConfig _config;
    private readonly Dictionary<string, float[]> _weights;
    private readonly DefinedTrace _trace;
    private readonly double[] _frequencies;
    private readonly List<ushort[]>[] _keys;
    private readonly List<ushort[]>[] _values;

    public DefinedForward(ModelSource source, DefinedTrace trace)
    {
        (_config, _trace) = (source.Config, trace);
        _weights = source.Tensors.ToDictionary(t => t.Key, t => Read(t.Value));
        _frequencies = RotaryFrequencies.Make(_config.HeadSize / 2, _config.RopeTheta, _config.Rope);
        _keys = [.. Enumerable.Range(0, _config.Layers * _config.KvHeads).Select(_ => new List<ushort[]>())];
        _values = [.. Enumerable.Range(0, _config.Layers * _config.KvHeads).Select(_ => new List<ushort[]>())];
    }

    /// <summary>Computes and commits one position.</summary>
    /// <returns>Its logits.</returns>
    public float[] Step(int id, bool logitsWanted)
    {
        int position = _trace.Steps;
        float epsilon = (float)_config.RmsNormEpsilon;
        float[] stream = [.. Rows(ModelTensors.Embedding, id, 1).Select(BFloat16.Round)];
        float[] normed = new float[_config.HiddenSize];
        for (int layer = 0; layer < _config.Layers; layer++)
        {
            string Name(string part) => ModelTensors.Layer(layer, part);
            Lane16Math.Norm(stream, _weights[Name("input_layernorm")], epsilon, normed);
            float[] query = Turn(Multiply(layer, "self_attn.q_proj", normed), layer, "self_attn.q_norm", position);
            float[] key = Turn(Multiply(layer, "self_attn.k_proj", normed), layer, "self_attn.k_norm", position);
            float[] value = Multiply(layer, "self_attn.v_proj", normed);
            for (int head = 0; head < _config.KvHeads; head++)
            {
                _keys[(layer * _config.KvHeads) + head].Add([.. Head(key, head).Select(BFloat16.FromSingle)]);
                _values[(layer * _config.KvHeads) + head].Add([.. Head(value, head).Select(BFloat16.FromSingle)]);
                _trace.AddHead(layer, head, _keys[(layer * _config.KvHeads) + head][^1], _values[(layer * _config.KvHeads) + head][^1]);
            }

            float[] attentionOutput = Multiply(layer, "self_attn.o_proj", [.. Enumerable.Range(0, _config.Heads).SelectMany(head => Attend(layer, head, Head(query, head)))]);
            Lane16Math.Add(stream, Array.ConvertAll(attentionOutput, BFloat16.FromSingle));
            Lane16Math.Norm(stream, _weights[Name("post_attention_layernorm")], epsilon, normed);
            float[] down = _config.Experts is { } experts ? Mix(layer, experts, normed) : FeedForward(layer, "mlp.", normed);
            _trace.AddLayer(layer, attentionOutput, down);
            Lane16Math.Add(stream, Array.ConvertAll(down, BFloat16.FromSingle));
        }

        Lane16Math.Norm(stream, _weights[ModelTensors.FinalNorm], epsilon, normed);
        string output = _config.TiedEmbeddings ? ModelTensors.Embedding : ModelTensors.Output;
        float[] logits = [.. Enumerable.Range(0, _config.VocabularySize).Select(row => Lane16Dot.Compute(Rows(output, row, 1), normed))];
        _trace.Complete(id, logitsWanted ? logits : []);
        return logits;
    }

    private float[] FeedForward(int layer, string prefix, float[] input)
    {
        float[] gate = Multiply(layer, prefix + "gate_proj", input);
        float[] activated = new float[gate.Length];
        Lane16Math.Activate(gate, Multiply(layer, prefix + "up_proj", input), activated);
        return Multiply(layer, prefix + "down_proj", activated);
    }

    private float[] Mix(int layer, ExpertConfig experts, float[] input)
    {
        float[] router = Multiply(layer, "mlp.gate", input, rounds: false);
        (int[] chosen, float[] shares, float[] sum) = (new int[experts.PerToken], new float[experts.PerToken], new float[input.Length]);
        ExpertRouting.Choose(router, experts.NormalisesShares, chosen, shares);
        for (int i = 0; i < chosen.Length; i++)
        {
            ExpertRouting.Mix(FeedForward(layer, $"mlp.experts.{chosen[i]}.", input), shares[i], sum);
        }

        if (experts.SharedIntermediateSize > 0)
        {
            ExpertRouting.Mix(FeedForward(layer, "mlp.shared_expert.", input), ExpertRouting.SharedShare(Multiply(layer, "mlp.shared_expert_gate", input, rounds: false)[0]), sum);
        }

        return Array.ConvertAll(sum, BFloat16.Round);
    }

    private IEnumerable<float> Attend(int layer, int head, float[] query)
    {
        int at = (layer * _config.KvHeads) + (head / (_config.Heads / _config.KvHeads));
        int first = Math.Max(0, _keys[at].Count - _config.Window(layer));
        float[] mixed = new float[_config.HeadSize];
        Lane16Math.Attend([.. query.Select(BFloat16.Round)], [.. _keys[at].Skip(first).SelectMany(k => k)], [.. _values[at].Skip(first).SelectMany(v => v)], mixed);
        return mixed.Select(BFloat16.Round);
    }

    private float[] Turn(float[] projected, int layer, string norm, int position)
    {
        int half = _config.HeadSize / 2;
        (float[] cosines, float[] sines) = (new float[half], new float[half]);
        RotaryAngles.Write(position, _frequencies, RotaryFrequencies.Amplitude(_config.Rope), cosines, sines);
        for (int at = 0; at < projected.Length; at += _config.HeadSize)
        {
            Span<float> head = projected.AsSpan(at, _config.HeadSize);
            if (_config.QueryKeyNorm)
            {
                Lane16Math.Norm(head, _weights[ModelTensors.Layer(layer, norm)], (float)_config.RmsNormEpsilon, head);
            }

            Lane16Math.Turn(head, cosines, sines);
        }

        return projected;
    }

    private float[] Multiply(int layer, string part, float[] input, bool rounds = true)
    {
        string name = ModelTensors.Layer(layer, part);
        float[]? bias = _weights.GetValueOrDefault(ModelTensors.Bias(layer, part));
        return [.. Enumerable.Range(0, _weights[name].Length / input.Length).Select(row =>
        {
            float product = Lane16Dot.Compute(_weights[name].AsSpan(row * input.Length, input.Length), input);
            return !rounds ? product : BFloat16.Round(bias is null ? product : product + BFloat16.Round(bias[row]));
        })];
    }

    private float[] Rows(string name, int row, int count) => _weights[name][(row * _config.HiddenSize)..((row + count) * _config.HiddenSize)];

    private float[] Head(float[] heads, int head) => heads[(head * _config.HeadSize)..((head + 1) * _config.HeadSize)];

    /// <summary>Norms as they are, blocks of Q8_0 as they are, everything else rounded to bfloat16.</summary>
    private static unsafe float[] Read(StoredTensor tensor)
    {
        float[] values = new float[tensor.Info.Elements];
        fixed (float* start = values)
        {
            tensor.CopyToSingle(start);
        }

        bool exact = tensor.Info.Type == TensorType.Q80 || tensor.Info.Shape.Count == 1;
        return exact ? values : Array.ConvertAll(values, BFloat16.Round);
    }
}
