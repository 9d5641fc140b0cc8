using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training.Compression;
using Verathos.Training.Judging;
using DocumentLoss = Verathos.Training.Judging.DocumentLoss;

namespace Verathos.Bench.TrainingText;

/// <summary>A language model and documents as a judge sees them.</summary>
internal sealed class TextObjective : ITrainingObjective
{
    private readonly InnerTrainer _trainer;
    private readonly IReadOnlyList<EncodedDocument> _documents;

    /// <summary>Computes with a trainer, whose weights are what was asked about last.</summary>
    public TextObjective(InnerTrainer trainer, IReadOnlyList<EncodedDocument> documents)
    {
        (_trainer, _documents) = (trainer, documents);
        Layout = new GradientLayout([.. trainer.Layout.Tensors.Select(tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);
    }

    /// <inheritdoc/>
    public GradientLayout Layout { get; }

    /// <inheritdoc/>
    public int Documents => _documents.Count;

    /// <inheritdoc/>
    public int Tokens(int document) => _documents[document].Ids.Length - 1;

    /// <inheritdoc/>
    public float[] Gradient(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents)
    {
        _trainer.SetWeights(weights.Span);
        return _trainer.HeldOutGradient([.. documents.Select(document => _documents[document])], out _);
    }

    /// <inheritdoc/>
    public IReadOnlyList<DocumentLoss> Losses(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents)
    {
        _trainer.SetWeights(weights.Span);
        return [.. _trainer.Evaluate([.. documents.Select(document => _documents[document])]).Select(loss => new DocumentLoss(loss.Sum, loss.Tokens))];
    }
}
