namespace Verathos.Fingerprint.Keys;

/// <summary>A validator's key for all of one layer. The matrices' keys are owned and overwritten on <see cref="Dispose"/>.</summary>
public sealed class LayerKey : IDisposable
{
    /// <summary>Matrices of a layer, and kinds of matrices of one with experts.</summary>
    public const int Matrices = 7;

    /// <summary>Those of attention, which come first.</summary>
    public const int AttentionMatrices = 4;

    private readonly MatrixKey[] _matrices;

    /// <summary>Joins a layer's keys, which it takes over.</summary>
    /// <param name="model">The model's constants.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="matrices">In the order of <see cref="LayerMatrix"/>; only attention's where the model has experts.</param>
    /// <param name="inputNorm">Weights of the norm before attention.</param>
    /// <param name="feedForwardNorm">Weights of the norm before the feed-forward part.</param>
    /// <param name="queryNorm">Weights of the norm of a query head, or null.</param>
    /// <param name="keyNorm">Weights of the norm of a key head, or null.</param>
    /// <param name="experts">Keys of the layer's experts, taken over; null where the model has none.</param>
    /// <exception cref="ArgumentException">The parts do not fit the model.</exception>
    public LayerKey(ModelConstants model, int layer, MatrixKey[] matrices, float[] inputNorm, float[] feedForwardNorm, float[]? queryNorm = null, float[]? keyNorm = null, ExpertKeys? experts = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(matrices);
        if (!Fits(model, layer, matrices, inputNorm, feedForwardNorm, queryNorm, keyNorm, experts))
        {
            throw new ArgumentException($"these are not the parts of layer {layer}", nameof(matrices));
        }

        (Model, Layer, _matrices, Experts) = (model, layer, matrices, experts);
        (InputNorm, FeedForwardNorm, QueryNorm, KeyNorm) = (inputNorm, feedForwardNorm, queryNorm, keyNorm);
    }

    /// <summary>The model's constants.</summary>
    public ModelConstants Model { get; }

    /// <summary>Which layer.</summary>
    public int Layer { get; }

    /// <summary>Weights of the norm before attention.</summary>
    public float[] InputNorm { get; }

    /// <summary>Weights of the norm before the feed-forward part.</summary>
    public float[] FeedForwardNorm { get; }

    /// <summary>Weights of the norm of a query head, or null.</summary>
    public float[]? QueryNorm { get; }

    /// <summary>Weights of the norm of a key head, or null.</summary>
    public float[]? KeyNorm { get; }

    /// <summary>Keys of the layer's experts, or null.</summary>
    public ExpertKeys? Experts { get; }

    /// <summary>A matrix's key; there is none of the feed-forward part where the model has experts.</summary>
    public MatrixKey this[LayerMatrix matrix] => _matrices[(int)matrix];

    /// <summary>Whether parts are those of a layer.</summary>
    internal static bool Fits(ModelConstants model, int layer, MatrixKey[] matrices, float[] inputNorm, float[] feedForwardNorm, float[]? queryNorm, float[]? keyNorm, ExpertKeys? experts)
    {
        if (!model.IsValid || (uint)layer >= (uint)model.Shape.Layers)
        {
            return false;
        }

        (int hidden, int head, int inner) = (model.Shape.HiddenSize, model.Shape.HeadSize, model.IntermediateSize);
        (int queries, int keys) = (model.Heads * head, model.Shape.KvHeads * head);
        (int Rows, int Columns)[] sizes = [(queries, hidden), (keys, hidden), (keys, hidden), (hidden, queries), (inner, hidden), (inner, hidden), (hidden, inner)];
        return matrices.Select(static m => (m.Rows, m.Columns)).SequenceEqual(model.Experts is null ? sizes : sizes[..AttentionMatrices])
            && (model.Experts is { } shape ? experts?.Fits(shape, hidden) == true : experts is null)
            && inputNorm.Length == hidden && feedForwardNorm.Length == hidden && (queryNorm is null) == (keyNorm is null)
            && (queryNorm?.Length ?? head) == head && (keyNorm?.Length ?? head) == head
            && Array.TrueForAll((float[])[.. inputNorm, .. feedForwardNorm, .. queryNorm ?? [], .. keyNorm ?? []], float.IsFinite);
    }

    /// <summary>Overwrites the matrices' keys.</summary>
    public void Dispose()
    {
        foreach (MatrixKey matrix in _matrices)
        {
            matrix.Dispose();
        }

        Experts?.Dispose();
    }
}
