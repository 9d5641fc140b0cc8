using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training;
using Verathos.Training.Compression;

namespace Verathos.Bench.TrainingText;

/// <summary>A worker between rounds: what its optimiser remembers, and what it has not sent yet.</summary>
internal sealed class TextWorker
{
    private readonly ErrorFeedback _feedback;
    private IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)>? _state;

    /// <summary>A worker that has done nothing.</summary>
    public TextWorker(WorkerKey key, GradientLayout layout) => (Key, _feedback) = (key, new ErrorFeedback(layout));

    /// <summary>Who.</summary>
    public WorkerKey Key { get; }

    /// <summary>Learned tokens so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Trains for a round and gives what is sent.</summary>
    /// <param name="trainer">Lent for the round.</param>
    /// <param name="model">The round's base model.</param>
    /// <param name="documents">In the draw's order.</param>
    /// <param name="options">Rows and their length.</param>
    /// <param name="rates">One for each step.</param>
    public byte[] Train(InnerTrainer trainer, float[] model, IReadOnlyList<EncodedDocument> documents, TrainingTextOptions options, IReadOnlyList<double> rates)
    {
        trainer.SetWeights(model);
        if (_state is null)
        {
            trainer.ResetState();
        }
        else
        {
            trainer.SetState(_state);
        }

        OrderedBatches batches = new(documents, options.Rows, options.Length);
        foreach (double rate in rates)
        {
            Tokens += trainer.Step(batches.Next(), rate).Tokens;
        }

        _state = trainer.GetState();
        ReadOnlySpan<float> after = trainer.Weights;
        float[] change = new float[model.Length];
        for (int i = 0; i < change.Length; i++)
        {
            change[i] = model[i] - after[i];
        }

        return _feedback.Compress(change, GradientBits.Two);
    }
}
