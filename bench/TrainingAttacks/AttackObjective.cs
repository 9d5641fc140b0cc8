using Verathos.GpuRuntime.Training.Stacked;
using Verathos.Training.Compression;
using Verathos.Training.Judging;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>The bench's model and corpus as a judge needs them; sets of documents of one size are done as one stack.</summary>
internal sealed class AttackObjective : ITrainingObjective, IDisposable
{
    private readonly AttackCorpus _corpus;
    private readonly StackedEvaluator _evaluator = new(AttackModel.Shape, AttackCorpus.Vocabulary);
    private readonly StackedTrainer _stack = new(AttackModel.Shape, AttackCorpus.Vocabulary, AttackModel.Workers, AttackModel.Optimiser);

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

    public IReadOnlyList<float[]> Gradients(ReadOnlyMemory<float> weights, IReadOnlyList<IReadOnlyList<int>> sets)
    {
        if (sets.Count > AttackModel.Workers || sets.Any(set => set.Count != sets[0].Count))
        {
            return [.. sets.Select(set => Gradient(weights, set))];
        }

        // What is left of the stack does the first set again.
        for (int copy = 0; copy < AttackModel.Workers; copy++)
        {
            _stack.Set(copy, weights.Span);
        }

        int[] documents = [.. Enumerable.Range(0, AttackModel.Workers).SelectMany(copy => copy < sets.Count ? sets[copy] : sets[0])];
        (long[] inputs, long[] targets) = _corpus.Rows(documents);
        return _stack.Gradients(inputs, targets, sets[0].Count)[..sets.Count];
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

    public void Dispose()
    {
        _evaluator.Dispose();
        _stack.Dispose();
    }
}
