using Verathos.GpuRuntime.Training.Stacked;
using Verathos.Training.Compression;
using Verathos.Training.Judging;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>The bench's model and corpus as a judge needs them.</summary>
internal sealed class AttackObjective : ITrainingObjective
{
    private readonly AttackCorpus _corpus;
    private readonly StackedEvaluator _evaluator = new(AttackModel.Shape, AttackCorpus.Vocabulary);

    public AttackObjective(AttackCorpus corpus)
    {
        _corpus = corpus;
        Layout = AttackModel.Layout;
    }

    public GradientLayout Layout { get; }

    public int Documents => _corpus.Documents;

    public int Tokens(int document) => AttackCorpus.Length;

    public float[] Gradient(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents)
    {
        (long[] inputs, long[] targets) = _corpus.Rows(documents);
        return _evaluator.Gradient(weights.Span, inputs, targets, AttackCorpus.Length);
    }

    public IReadOnlyList<DocumentLoss> Losses(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents)
    {
        (long[] inputs, long[] targets) = _corpus.Rows(documents);
        return [.. _evaluator.RowLosses(weights.Span, inputs, targets, AttackCorpus.Length).Select(sum => new DocumentLoss(sum, AttackCorpus.Length))];
    }

    /// <summary>How likely the backdoor's token is after its trigger, put into the middle of documents.</summary>
    public double Backdoor(ReadOnlyMemory<float> weights, IReadOnlyList<int> documents)
    {
        const int Place = AttackCorpus.Length / 2;
        (long[] inputs, long[] targets) = _corpus.Rows(documents);
        for (int i = 0; i < documents.Count; i++)
        {
            inputs[(i * AttackCorpus.Length) + Place] = AttackCorpus.Trigger;
            targets[(i * AttackCorpus.Length) + Place] = _corpus.Target;
        }

        float[] losses = _evaluator.TokenLosses(weights.Span, inputs, targets, AttackCorpus.Length);
        return Enumerable.Range(0, documents.Count).Average(i => Math.Exp(-losses[(i * AttackCorpus.Length) + Place]));
    }
}
