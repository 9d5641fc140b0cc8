using Verathos.Training.Compression;
using Verathos.Training.Rounds;

namespace Verathos.Training.Judging;

/// <summary>
/// A model and a corpus as a judge needs them: losses and gradients of documents at any weights. Weights and gradients are flat, binary32, in the
/// layout's order. The same question gives the same bits, or two judges would not come to the same.
/// </summary>
public interface ITrainingObjective
{
    /// <summary>The model's tensors.</summary>
    GradientLayout Layout { get; }

    /// <summary>Documents of the corpus, numbered from 0.</summary>
    int Documents { get; }

    /// <summary>Tokens of a document that count; at least 1.</summary>
    /// <param name="document">Its number.</param>
    int Tokens(int document);

    /// <summary>The gradient of the mean loss per token over some documents together.</summary>
    /// <param name="weights">Where.</param>
    /// <param name="documents">At least one.</param>
    float[] Gradient(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents);

    /// <summary>The loss of each document, in their order.</summary>
    /// <param name="weights">Where.</param>
    /// <param name="documents">Their numbers.</param>
    IReadOnlyList<DocumentLoss> Losses(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents);

    /// <summary>The gradients of several sets of documents at the same weights; made faster by who can do them together.</summary>
    /// <param name="weights">Where.</param>
    /// <param name="sets">Each at least one document.</param>
    IReadOnlyList<float[]> Gradients(ReadOnlyMemory<float> weights, IReadOnlyList<IReadOnlyList<int>> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        return [.. sets.Select(set => Gradient(weights, set))];
    }

    /// <summary>The losses of the same documents after each of several updates, each taken alone from the same weights.</summary>
    /// <param name="weights">The weights before.</param>
    /// <param name="updates">The updates; see <see cref="OuterStep"/>.</param>
    /// <param name="rate">The outer rate.</param>
    /// <param name="documents">Their numbers.</param>
    IReadOnlyList<IReadOnlyList<DocumentLoss>> LossesAfter(ReadOnlyMemory<float> weights, IReadOnlyList<SparseVector> updates, double rate, IReadOnlyList<int> documents)
    {
        ArgumentNullException.ThrowIfNull(updates);
        return [.. updates.Select(update => Losses(OuterStep.Apply(weights.Span, update, rate), documents))];
    }
}
