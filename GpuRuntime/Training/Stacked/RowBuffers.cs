namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>What a row of tokens is on its way through a <see cref="RowModel"/>, as [features, tokens]; tokens are filled up to a multiple of 16.</summary>
internal sealed unsafe class RowBuffers
{
    private const int Lanes = 16;

    private readonly AlignedFloats _memory;
    private float* _next;

    /// <summary>Makes room.</summary>
    /// <param name="shape">The model.</param>
    /// <param name="vocabulary">Tokens of the vocabulary.</param>
    /// <param name="length">Tokens of a row.</param>
    public RowBuffers(ModelShape shape, int vocabulary, int length)
    {
        Length = length;
        int tokens = Tokens = (length + Lanes - 1) / Lanes * Lanes;
        int hidden = shape.HiddenSize, inner = shape.IntermediateSize, half = shape.HeadSize / 2;
        int area = hidden * tokens, wide = Math.Max(2 * inner, 3 * hidden) * tokens, square = tokens * tokens;
        int back = Math.Max(inner, hidden) * tokens, turned = Math.Max(back, square);
        int layer = (8 * area) + (3 * inner * tokens) + (shape.NumAttentionHeads * square) + (2 * tokens);
        int count = (shape.NumHiddenLayers * layer) + (3 * area) + (vocabulary * tokens) + tokens + back + wide + turned + square + (2 * half * tokens);
        _memory = new AlignedFloats(count);
        _next = _memory.Address;
        Layers = [.. Enumerable.Range(0, shape.NumHiddenLayers).Select(_ => new Layer(this, shape))];
        Out = Take(area);
        Last = Take(area);
        LastInverse = Take(tokens);
        Logits = Take(vocabulary * tokens);
        Residual = Take(area);
        Back = Take(back);
        Wide = Take(wide);
        Turned = Take(turned);
        Scores = Take(square);
        Cos = Take(half * tokens);
        Sin = Take(half * tokens);
        for (int i = 0; i < half; i++)
        {
            float frequency = 1f / MathF.Pow((float)shape.RopeTheta, 2f * i / shape.HeadSize);
            for (int place = 0; place < tokens; place++)
            {
                (Sin[(i * tokens) + place], Cos[(i * tokens) + place]) = MathF.SinCos(place * frequency);
            }
        }
    }

    /// <summary>Tokens of a row.</summary>
    public int Length { get; }

    /// <summary>The same, filled up.</summary>
    public int Tokens { get; }

    /// <summary>Tokens of the first half, a multiple of 16; none if there are only 16.</summary>
    public int Half => Tokens / (2 * Lanes) * Lanes;

    /// <summary>Layer by layer.</summary>
    public Layer[] Layers { get; }

    /// <summary>After the last layer: [hidden, tokens].</summary>
    public float* Out { get; }

    /// <summary>The same after the last norm.</summary>
    public float* Last { get; }

    /// <summary>What that norm multiplied by: [tokens].</summary>
    public float* LastInverse { get; }

    /// <summary>[vocabulary, tokens]; then their gradient.</summary>
    public float* Logits { get; }

    /// <summary>The gradient of the residual stream: [hidden, tokens].</summary>
    public float* Residual { get; }

    /// <summary>A gradient on its way: [inner or hidden, tokens].</summary>
    public float* Back { get; }

    /// <summary>The gradient of queries, keys and values, or of gate and up.</summary>
    public float* Wide { get; }

    /// <summary>Something the other way round.</summary>
    public float* Turned { get; }

    /// <summary>The gradient of one head's scores: [keys, queries].</summary>
    public float* Scores { get; }

    /// <summary>[half a head, tokens].</summary>
    public float* Cos { get; }

    /// <summary>[half a head, tokens].</summary>
    public float* Sin { get; }

    private float* Take(int count)
    {
        float* taken = _next;
        _next += count;
        return taken;
    }

    /// <summary>What a layer makes.</summary>
    public sealed class Layer
    {
        /// <summary>Makes room.</summary>
        public Layer(RowBuffers of, ModelShape shape)
        {
            int area = shape.HiddenSize * of.Tokens, inner = shape.IntermediateSize * of.Tokens;
            In = of.Take(area);
            First = of.Take(area);
            FirstInverse = of.Take(of.Tokens);
            Query = of.Take(3 * area);
            Shares = of.Take(shape.NumAttentionHeads * of.Tokens * of.Tokens);
            Attended = of.Take(area);
            Middle = of.Take(area);
            Second = of.Take(area);
            SecondInverse = of.Take(of.Tokens);
            Gate = of.Take(2 * inner);
            Inner = of.Take(inner);
        }

        /// <summary>What goes in: [hidden, tokens].</summary>
        public float* In { get; }

        /// <summary>The same after the first norm.</summary>
        public float* First { get; }

        /// <summary>What that norm multiplied by: [tokens].</summary>
        public float* FirstInverse { get; }

        /// <summary>Queries, keys and values: [3 hidden, tokens].</summary>
        public float* Query { get; }

        /// <summary>[heads, keys, queries].</summary>
        public float* Shares { get; }

        /// <summary>[hidden, tokens].</summary>
        public float* Attended { get; }

        /// <summary>The residual stream between attention and feed-forward.</summary>
        public float* Middle { get; }

        /// <summary>The same after the second norm.</summary>
        public float* Second { get; }

        /// <summary>What that norm multiplied by: [tokens].</summary>
        public float* SecondInverse { get; }

        /// <summary>Gate and up: [2 inner, tokens].</summary>
        public float* Gate { get; }

        /// <summary>[inner, tokens].</summary>
        public float* Inner { get; }
    }
}
