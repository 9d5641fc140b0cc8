using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training.Compression;
using Verathos.Training.Judging;
using DocumentLoss = Verathos.Training.Judging.DocumentLoss;

namespace Verathos.Validator.Training;

/// <summary>A run's model and documents as a judge needs them, over the arithmetic in which workers train.</summary>
/// <param name="trainer">The arithmetic; stays the caller's, and is used by one thread at a time.</param>
/// <param name="documents">All documents of the corpus; each has something to learn within the length.</param>
/// <param name="length">Tokens of a document that are read.</param>
public sealed class TextObjective(InnerTrainer trainer, IReadOnlyList<EncodedDocument> documents, int length) : ITrainingObjective
{
    /// <inheritdoc/>
    public GradientLayout Layout { get; } = new([.. trainer.Layout.Tensors.Select(static tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);

    /// <inheritdoc/>
    public int Documents => documents.Count;

    /// <inheritdoc/>
    public int Tokens(int document) => Tokens(documents[document], length);

    /// <summary>Tokens of a document that are learned within a length.</summary>
    public static int Tokens(EncodedDocument document, int length)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Learned.Length < 2 ? 0 : document.Learned.AsSpan(1, Math.Min(length, document.Learned.Length - 1)).Count(true);
    }

    /// <inheritdoc/>
    public float[] Gradient(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents)
    {
        trainer.SetWeights(weights.Span);
        return trainer.HeldOutGradient(Of(documents), out _, length);
    }

    /// <inheritdoc/>
    public IReadOnlyList<DocumentLoss> Losses(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents)
    {
        trainer.SetWeights(weights.Span);
        return [.. trainer.Evaluate(Of(documents), length).Select(static loss => new DocumentLoss(loss.Sum, loss.Tokens))];
    }

    private EncodedDocument[] Of(IReadOnlyList<int> numbers) => [.. numbers.Select(number => documents[number])];
}
