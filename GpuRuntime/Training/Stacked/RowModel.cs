namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>
/// A small Llama model forward and back, one row of tokens at a time, on the calling thread, so that what comes of a row depends on no other row.
/// Everything lies as [features, tokens]: products take the weights as they lie, and what is between them goes by sixteen tokens. The
/// arithmetic is that of <see cref="LlamaTrainingModel"/> but for the order of sums.
/// </summary>
internal sealed unsafe class RowModel
{
    private const int Lanes = 16;

    private readonly ModelShape _shape;
    private readonly int _hidden;
    private readonly int _inner;
    private readonly float _scale;
    private RowBuffers _rows = null!;

    /// <summary>Prepares.</summary>
    /// <param name="shape">As many key heads as query heads, of an even size; sizes are multiples of 16.</param>
    /// <param name="vocabulary">Tokens; at least 1.</param>
    /// <exception cref="ArgumentException">The shape is not like that.</exception>
    public RowModel(ModelShape shape, int vocabulary)
    {
        if (shape.NumKeyValueHeads != shape.NumAttentionHeads || shape.HiddenSize % shape.NumAttentionHeads != 0 || shape.HeadSize % 2 != 0
            || shape.HiddenSize % Lanes != 0 || shape.IntermediateSize % Lanes != 0 || vocabulary < 1)
        {
            throw new ArgumentException("this takes models with as many key heads as query heads, of an even size, and with widths that are multiples of 16", nameof(shape));
        }

        (_shape, Vocabulary, _hidden, _inner) = (shape, vocabulary, shape.HiddenSize, shape.IntermediateSize);
        _scale = (float)(1 / Math.Sqrt(shape.HeadSize));
        Tensors = [.. LayoutOf(shape, vocabulary)];
        Count = Tensors.Sum(t => t.Rows * t.Columns);
    }

    /// <summary>The tensors in the fixed order of flat vectors, that of a model folder.</summary>
    public IReadOnlyList<(string Name, int Rows, int Columns)> Tensors { get; }

    /// <summary>Weights.</summary>
    public int Count { get; }

    /// <summary>Tokens of the vocabulary.</summary>
    public int Vocabulary { get; }

    // A layer's weights: norm, q, k, v, o, norm, gate, up, down.
    private int LayerSize => (2 * _hidden) + (4 * _hidden * _hidden) + (3 * _hidden * _inner);

    private int QueryAt => _hidden;

    private int OutputAt => QueryAt + (3 * _hidden * _hidden);

    private int SecondNormAt => OutputAt + (_hidden * _hidden);

    private int GateAt => SecondNormAt + _hidden;

    private int DownAt => GateAt + (2 * _hidden * _inner);

    /// <summary>The tensors of a model, in the order of flat vectors.</summary>
    public static IEnumerable<(string Name, int Rows, int Columns)> LayoutOf(ModelShape shape, int vocabulary)
    {
        int hidden = shape.HiddenSize, inner = shape.IntermediateSize, keys = shape.NumKeyValueHeads * shape.HeadSize;
        yield return ("model.embed_tokens.weight", vocabulary, hidden);
        for (int layer = 0; layer < shape.NumHiddenLayers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return (prefix + "input_layernorm.weight", 1, hidden);
            yield return (prefix + "self_attn.q_proj.weight", hidden, hidden);
            yield return (prefix + "self_attn.k_proj.weight", keys, hidden);
            yield return (prefix + "self_attn.v_proj.weight", keys, hidden);
            yield return (prefix + "self_attn.o_proj.weight", hidden, hidden);
            yield return (prefix + "post_attention_layernorm.weight", 1, hidden);
            yield return (prefix + "mlp.gate_proj.weight", inner, hidden);
            yield return (prefix + "mlp.up_proj.weight", inner, hidden);
            yield return (prefix + "mlp.down_proj.weight", hidden, inner);
        }

        yield return ("model.norm.weight", 1, hidden);
    }

    /// <summary>The losses of the next tokens of a row.</summary>
    /// <param name="weights">Flat.</param>
    /// <param name="inputs">Token ids.</param>
    /// <param name="targets">The next token at each place.</param>
    /// <param name="losses">As many, filled, in nats.</param>
    public void Losses(float* weights, ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, Span<float> losses)
    {
        Forward(weights, inputs, targets, keeps: false);
        RowMath.CrossEntropy(_rows.Logits, targets, losses, Vocabulary, _rows.Tokens, learns: false);
        GC.KeepAlive(_rows);
    }

    /// <summary>The same losses, and the gradient of their sum.</summary>
    /// <param name="weights">Flat.</param>
    /// <param name="inputs">Token ids.</param>
    /// <param name="targets">The next token at each place.</param>
    /// <param name="losses">As many, filled, in nats.</param>
    /// <param name="gradient">Flat, at a multiple of 64 bytes; filled.</param>
    /// <param name="adds">Whether it is added to what is there.</param>
    public void Gradient(float* weights, ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, Span<float> losses, float* gradient, bool adds)
    {
        Forward(weights, inputs, targets, keeps: true);
        RowBuffers rows = _rows;
        int tokens = rows.Tokens;
        RowMath.CrossEntropy(rows.Logits, targets, losses, Vocabulary, tokens, learns: true);
        if (!adds)
        {
            // What products fill is not cleared first, but norms add.
            for (int at = Vocabulary * _hidden, layer = 0; layer < _shape.NumHiddenLayers; layer++, at += LayerSize)
            {
                new Span<float>(gradient + at, _hidden).Clear();
                new Span<float>(gradient + at + SecondNormAt, _hidden).Clear();
            }

            new Span<float>(gradient + Count - _hidden, _hidden).Clear();
        }

        Weigh(rows.Logits, rows.Last, gradient, Vocabulary, _hidden, adds);
        Products.Multiply(weights, 1, _hidden, rows.Logits, rows.Back, _hidden, tokens, Vocabulary);
        new Span<float>(rows.Residual, _hidden * tokens).Clear();
        RowMath.NormBack(rows.Out, weights + Count - _hidden, rows.LastInverse, rows.Back, rows.Residual, gradient + Count - _hidden, _hidden, tokens);
        for (int layer = _shape.NumHiddenLayers - 1; layer >= 0; layer--)
        {
            int at = (Vocabulary * _hidden) + (layer * LayerSize);
            LayerBack(weights + at, gradient + at, rows.Layers[layer], adds);
        }

        RowMath.Transpose(rows.Residual, rows.Turned, _hidden, tokens);
        for (int i = 0; i < inputs.Length; i++)
        {
            float* to = gradient + (inputs[i] * _hidden);
            RowMath.Add(to, rows.Turned + (i * _hidden), _hidden);
        }

        GC.KeepAlive(_rows);
    }

    private void Forward(float* weights, ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, bool keeps)
    {
        Check(inputs, targets);
        if (_rows is null || _rows.Length != inputs.Length)
        {
            _rows = new RowBuffers(_shape, Vocabulary, inputs.Length);
        }

        RowBuffers rows = _rows;
        int tokens = rows.Tokens;
        for (int i = 0; i < tokens; i++)
        {
            // A row that is filled up to a whole register goes on with token 0, which nothing before it sees.
            float* from = weights + ((i < inputs.Length ? inputs[i] : 0) * _hidden);
            new Span<float>(from, _hidden).CopyTo(new Span<float>(rows.Turned + (i * _hidden), _hidden));
        }

        RowMath.Transpose(rows.Turned, rows.Layers[0].In, tokens, _hidden);
        int layers = _shape.NumHiddenLayers;
        for (int layer = 0; layer < layers; layer++)
        {
            float* next = layer + 1 == layers ? rows.Out : rows.Layers[keeps ? layer + 1 : 0].In;
            LayerForward(weights + (Vocabulary * _hidden) + (layer * LayerSize), rows.Layers[keeps ? layer : 0], next);
        }

        RowMath.Norm(rows.Out, weights + Count - _hidden, rows.Last, rows.LastInverse, _hidden, tokens, (float)_shape.RmsNormEps);
        Products.Multiply(weights, _hidden, 1, rows.Last, rows.Logits, Vocabulary, tokens, _hidden);
    }

    private void LayerForward(float* weights, RowBuffers.Layer rows, float* next)
    {
        int tokens = _rows.Tokens, heads = _shape.NumAttentionHeads, size = _shape.HeadSize, area = _hidden * tokens;
        RowMath.Norm(rows.In, weights, rows.First, rows.FirstInverse, _hidden, tokens, (float)_shape.RmsNormEps);
        Products.Multiply(weights + QueryAt, _hidden, 1, rows.First, rows.Query, 3 * _hidden, tokens, _hidden);
        RowMath.Rotate(rows.Query, _rows.Cos, _rows.Sin, 2 * heads, size / 2, tokens, back: false);
        for (int head = 0; head < heads; head++)
        {
            int at = head * size * tokens;
            float* shares = rows.Shares + (head * tokens * tokens);
            Scores(rows.Query + area + at, rows.Query + at, shares);
            RowMath.Softmax(shares, tokens, _scale);
            OverKeys(rows.Query + (2 * area) + at, shares, rows.Attended + at);
        }

        Products.Multiply(weights + OutputAt, _hidden, 1, rows.Attended, rows.Middle, _hidden, tokens, _hidden, rows.In);
        RowMath.Norm(rows.Middle, weights + SecondNormAt, rows.Second, rows.SecondInverse, _hidden, tokens, (float)_shape.RmsNormEps);
        Products.Multiply(weights + GateAt, _hidden, 1, rows.Second, rows.Gate, 2 * _inner, tokens, _hidden);
        RowMath.Gate(rows.Gate, rows.Gate + (_inner * tokens), rows.Inner, _inner * tokens);
        Products.Multiply(weights + DownAt, _inner, 1, rows.Inner, next, _hidden, tokens, _inner, rows.Middle);
    }

    private void LayerBack(float* weights, float* gradient, RowBuffers.Layer rows, bool adds)
    {
        RowBuffers all = _rows;
        int tokens = all.Tokens, heads = _shape.NumAttentionHeads, size = _shape.HeadSize, area = _hidden * tokens;
        Weigh(all.Residual, rows.Inner, gradient + DownAt, _hidden, _inner, adds);
        Products.Multiply(weights + DownAt, 1, _inner, all.Residual, all.Back, _inner, tokens, _hidden);
        RowMath.GateBack(rows.Gate, rows.Gate + (_inner * tokens), all.Back, all.Wide, all.Wide + (_inner * tokens), _inner * tokens);
        Weigh(all.Wide, rows.Second, gradient + GateAt, 2 * _inner, _hidden, adds);
        Products.Multiply(weights + GateAt, 1, _hidden, all.Wide, all.Back, _hidden, tokens, 2 * _inner);
        RowMath.NormBack(rows.Middle, weights + SecondNormAt, rows.SecondInverse, all.Back, all.Residual, gradient + SecondNormAt, _hidden, tokens);
        Weigh(all.Residual, rows.Attended, gradient + OutputAt, _hidden, _hidden, adds);
        Products.Multiply(weights + OutputAt, 1, _hidden, all.Residual, all.Back, _hidden, tokens, _hidden);
        for (int head = 0; head < heads; head++)
        {
            int at = head * size * tokens;
            float* query = rows.Query + at, key = query + area, value = key + area, shares = rows.Shares + (head * tokens * tokens), back = all.Back + at;
            RowMath.Transpose(shares, all.Turned, tokens, tokens);
            OverQueries(back, all.Turned, all.Wide + (2 * area) + at);
            Scores(value, back, all.Scores);
            RowMath.SoftmaxBack(shares, all.Scores, tokens, _scale);
            OverKeys(key, all.Scores, all.Wide + at);
            RowMath.Transpose(all.Scores, all.Turned, tokens, tokens);
            OverQueries(query, all.Turned, all.Wide + area + at);
        }

        RowMath.Rotate(all.Wide, all.Cos, all.Sin, 2 * heads, size / 2, tokens, back: true);
        Weigh(all.Wide, rows.First, gradient + QueryAt, 3 * _hidden, _hidden, adds);
        Products.Multiply(weights + QueryAt, 1, _hidden, all.Wide, all.Back, _hidden, tokens, 3 * _hidden);
        RowMath.NormBack(rows.In, weights, rows.FirstInverse, all.Back, all.Residual, gradient, _hidden, tokens);
    }

    // Products of every key with every query of a head. A key of the second half is not seen by the first half's queries: those are left out,
    // here and below.
    private void Scores(float* keys, float* queries, float* scores)
    {
        int tokens = _rows.Tokens, half = _rows.Half, rest = tokens - half, size = _shape.HeadSize;
        Products.Multiply(keys, 1, tokens, queries, scores, half, tokens, size);
        Products.Multiply(keys + half, 1, tokens, queries + half, scores + (half * tokens) + half, rest, rest, size, stride: tokens);
    }

    // Sums over keys, [keys, queries], for each query.
    private void OverKeys(float* x, float* shares, float* result)
    {
        int tokens = _rows.Tokens, half = _rows.Half, size = _shape.HeadSize;
        Products.Multiply(x, tokens, 1, shares, result, size, half, half, stride: tokens);
        Products.Multiply(x, tokens, 1, shares + half, result + half, size, tokens - half, tokens, stride: tokens);
    }

    // Sums over queries, [queries, keys], for each key.
    private void OverQueries(float* x, float* shares, float* result)
    {
        int tokens = _rows.Tokens, half = _rows.Half, rest = tokens - half, size = _shape.HeadSize;
        Products.Multiply(x, tokens, 1, shares, result, size, half, tokens, stride: tokens);
        Products.Multiply(x + half, tokens, 1, shares + (half * tokens) + half, result + half, size, rest, rest, stride: tokens);
    }

    // The gradient of a matrix from that of what it makes and from what it takes.
    private void Weigh(float* made, float* taken, float* gradient, int rows, int columns, bool adds)
    {
        RowMath.Transpose(taken, _rows.Turned, columns, _rows.Tokens);
        Products.Multiply(made, _rows.Tokens, 1, _rows.Turned, gradient, rows, columns, _rows.Tokens, adds ? gradient : null);
    }

    private void Check(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets)
    {
        if (inputs.Length != targets.Length || inputs.IsEmpty || inputs.Length > _shape.MaxPositionEmbeddings)
        {
            throw new ArgumentException("a row has a token after each of its tokens, and not more tokens than the model has places", nameof(inputs));
        }

        for (int i = 0; i < inputs.Length; i++)
        {
            if ((ulong)inputs[i] >= (ulong)Vocabulary || (ulong)targets[i] >= (ulong)Vocabulary)
            {
                throw new ArgumentException("a token is not of the vocabulary", nameof(inputs));
            }
        }
    }
}
