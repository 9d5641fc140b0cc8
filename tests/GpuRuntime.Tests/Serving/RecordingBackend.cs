using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Serving;

/// <summary>A backend that writes down what it is asked to compute, in order.</summary>
internal sealed class RecordingBackend : IComputeBackend
{
    private readonly LoadedModel _inner;

    public RecordingBackend(LoadedModel inner)
    {
        _inner = inner;
        Model = new LoadedModel(inner.Config, inner.Tokenizer, inner.Manifest, this, inner.MaxContext, inner.StopIds, null);
    }

    public LoadedModel Model { get; }

    /// <summary>Prompt passes as (sequence's capacity, tokens), batches of answers as (0, sequences).</summary>
    public List<(int Capacity, int Count)> Passes { get; } = [];

    public NumericProfile Profile => _inner.Profile;

    public long WeightBytes => _inner.WeightBytes;

    public long SequenceBytes(int capacity) => _inner.Backend.SequenceBytes(capacity);

    public SequenceState CreateSequence(int capacity) => _inner.Backend.CreateSequence(capacity);

    public void Forward(SequenceState sequence, ReadOnlySpan<int> ids, Span<float> logits)
    {
        Passes.Add((sequence.Capacity, ids.Length));
        _inner.Backend.Forward(sequence, ids, logits);
    }

    public void Decode(IReadOnlyList<SequenceState> sequences, ReadOnlySpan<int> ids, Span<float> logits)
    {
        Passes.Add((0, ids.Length));
        _inner.Backend.Decode(sequences, ids, logits);
    }

    public void Dispose() => _inner.Dispose();
}
