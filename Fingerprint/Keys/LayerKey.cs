namespace Verathos.Fingerprint.Keys;

/// <summary>A validator's key for all of one layer. The matrices' keys are owned and overwritten on <see cref="Dispose"/>.</summary>
public sealed class LayerKey : IDisposable
{
    /// <summary>Matrices of a layer.</summary>
    public const int Matrices = 7;

    private readonly MatrixKey[] _matrices;

    /// <summary>Joins a layer's keys, which it takes over.</summary>
    /// <param name="model">The model's constants.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="matrices">In the order of <see cref="LayerMatrix"/>.</param>
    /// <param name="inputNorm">Weights of the norm before attention.</param>
    /// <param name="feedForwardNorm">Weights of the norm before the feed-forward part.</param>
    /// <param name="queryNorm">Weights of the norm of a query head, or null.</param>
    /// <param name="keyNorm">Weights of the norm of a key head, or null.</param>
    /// <exception cref="ArgumentException">The parts do not fit the model.</exception>
    public LayerKey(ModelConstants model, int layer, MatrixKey[] matrices, float[] inputNorm, float[] feedForwardNorm, float[]? queryNorm = null, float[]? keyNorm = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(matrices);
        if (!Fits(model, layer, matrices, inputNorm, feedForwardNorm, queryNorm, keyNorm))
        {
            throw new ArgumentException($"these are not the parts of layer {layer}", nameof(matrices));
        }

        (Model, Layer, _matrices) = (model, layer, matrices);
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

    /// <summary>A matrix's key.</summary>
    public MatrixKey this[LayerMatrix matrix] => _matrices[(int)matrix];

    /// <summary>Whether parts are those of a layer.</summary>
    internal static bool Fits(ModelConstants model, int layer, MatrixKey[] matrices, float[] inputNorm, float[] feedForwardNorm, float[]? queryNorm, float[]? keyNorm)
    {
        if (!model.IsValid || (uint)layer >= (uint)model.Shape.Layers)
        {
            return false;
        }

        (int hidden, int head, int inner) = (model.Shape.HiddenSize, model.Shape.HeadSize, model.IntermediateSize);
        (int queries, int keys) = (model.Heads * head, model.Shape.KvHeads * head);
        (int Rows, int Columns)[] sizes = [(queries, hidden), (keys, hidden), (keys, hidden), (hidden, queries), (inner, hidden), (inner, hidden), (hidden, inner)];
        return matrices.Select(static m => (m.Rows, m.Columns)).SequenceEqual(sizes)
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
    }
}
