using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>Everything that a sequence computed, so that any of it can be opened without computing it again. Elements are bfloat16.</summary>
internal sealed class RecordedPass
{
    private readonly ModelConfig _config;
    private readonly Layer[] _layers;

    /// <summary>Rooms for so many positions.</summary>
    /// <param name="config">The model's.</param>
    /// <param name="positions">The most.</param>
    /// <param name="withInputs">Whether the matrices' inputs are kept as well.</param>
    public RecordedPass(ModelConfig config, int positions, bool withInputs)
    {
        (_config, WithInputs) = (config, withInputs);
        _layers = [.. Enumerable.Range(0, config.Layers).Select(_ => new Layer(config, positions, withInputs))];
        Logits = new float[positions][];
    }

    public bool WithInputs { get; }

    public int ProjectedSize => (_config.Heads + (2 * _config.KvHeads)) * _config.HeadSize;

    public int AttendedSize => _config.Heads * _config.HeadSize;

    /// <summary>By position; null where nobody needed them.</summary>
    public float[]?[] Logits { get; }

    public Span<ushort> Normed(int layer, int position) => Row(_layers[layer].Normed, position, _config.HiddenSize);

    /// <summary>Outputs of the joined query, key and value projection, biases added.</summary>
    public Span<ushort> Projected(int layer, int position) => Row(_layers[layer].Projected, position, ProjectedSize);

    public Span<ushort> Attended(int layer, int position) => Row(_layers[layer].Attended, position, AttendedSize);

    public Span<ushort> AttentionOutput(int layer, int position) => Row(_layers[layer].AttentionOutput, position, _config.HiddenSize);

    public Span<ushort> FeedForwardNormed(int layer, int position) => Row(_layers[layer].FeedForwardNormed, position, _config.HiddenSize);

    /// <summary>Outputs of the joined gate and up projection.</summary>
    public Span<ushort> GateUp(int layer, int position) => Row(_layers[layer].GateUp, position, 2 * _config.IntermediateSize);

    public Span<ushort> Activated(int layer, int position) => Row(_layers[layer].Activated, position, _config.IntermediateSize);

    public Span<ushort> DownOutput(int layer, int position) => Row(_layers[layer].DownOutput, position, _config.HiddenSize);

    /// <summary>Keys of one head, position by position.</summary>
    public Span<ushort> Keys(int layer, int head) => Head(_layers[layer].Keys, head);

    /// <summary>Values of one head, position by position.</summary>
    public Span<ushort> Values(int layer, int head) => Head(_layers[layer].Values, head);

    /// <summary>The same from a position on, as if it were the first.</summary>
    public RecordedPass From(int position)
    {
        RecordedPass cut = new(_config, Logits.Length - position, WithInputs);
        Logits[position..].CopyTo(cut.Logits, 0);
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer].CopyFrom(position, Logits.Length, cut._layers[layer], _config.KvHeads);
        }

        return cut;
    }

    private Span<ushort> Head(ushort[] rows, int head) => rows.AsSpan(head * (rows.Length / _config.KvHeads), rows.Length / _config.KvHeads);

    private static Span<ushort> Row(ushort[] rows, int position, int width) => rows.AsSpan(position * width, width);

    private sealed class Layer(ModelConfig config, int positions, bool withInputs)
    {
        public ushort[] Normed { get; } = new ushort[withInputs ? positions * config.HiddenSize : 0];

        public ushort[] Projected { get; } = new ushort[positions * (config.Heads + (2 * config.KvHeads)) * config.HeadSize];

        public ushort[] Attended { get; } = new ushort[positions * config.Heads * config.HeadSize];

        public ushort[] AttentionOutput { get; } = new ushort[positions * config.HiddenSize];

        public ushort[] FeedForwardNormed { get; } = new ushort[withInputs ? positions * config.HiddenSize : 0];

        public ushort[] GateUp { get; } = new ushort[positions * 2 * config.IntermediateSize];

        public ushort[] Activated { get; } = new ushort[withInputs ? positions * config.IntermediateSize : 0];

        public ushort[] DownOutput { get; } = new ushort[positions * config.HiddenSize];

        public ushort[] Keys { get; } = new ushort[positions * config.KvHeads * config.HeadSize];

        public ushort[] Values { get; } = new ushort[positions * config.KvHeads * config.HeadSize];

        public void CopyFrom(int position, int all, Layer target, int heads)
        {
            foreach ((ushort[] from, ushort[] to) in (ReadOnlySpan<(ushort[], ushort[])>)
                [(Normed, target.Normed), (Projected, target.Projected), (Attended, target.Attended), (AttentionOutput, target.AttentionOutput),
                 (FeedForwardNormed, target.FeedForwardNormed), (GateUp, target.GateUp), (Activated, target.Activated), (DownOutput, target.DownOutput)])
            {
                from.AsSpan(from.Length / all * position).CopyTo(to);
            }

            for (int head = 0; head < heads; head++)
            {
                (int whole, int left) = (Keys.Length / heads, target.Keys.Length / heads);
                Keys.AsSpan(((head + 1) * whole) - left, left).CopyTo(target.Keys.AsSpan(head * left));
                Values.AsSpan(((head + 1) * whole) - left, left).CopyTo(target.Values.AsSpan(head * left));
            }
        }
    }
}
