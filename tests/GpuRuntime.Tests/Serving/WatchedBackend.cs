using TorchSharp;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Torch;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Serving;

/// <summary>A backend that looks at its sequences' memory before and after they are freed, and fails when told to.</summary>
internal sealed class WatchedBackend : IComputeBackend
{
    public const string Secret = "the prompt's words";
    private readonly LoadedModel _inner;

    public WatchedBackend(LoadedModel inner)
    {
        _inner = inner;
        Model = new LoadedModel(inner.Config, inner.Tokenizer, inner.Manifest, this, inner.MaxContext, inner.StopIds, null);
    }

    public LoadedModel Model { get; }

    public bool Poison { get; set; }

    public bool Fail { get; set; }

    public bool WasZeroBefore { get; private set; }

    public bool IsZeroAfter { get; private set; }

    public NumericProfile Profile => _inner.Profile;

    public long WeightBytes => _inner.WeightBytes;

    public long SequenceBytes(int capacity) => _inner.Backend.SequenceBytes(capacity);

    public SequenceState CreateSequence(int capacity) => new Watched(this, (TorchSequence)_inner.Backend.CreateSequence(capacity));

    public void Forward(SequenceState sequence, ReadOnlySpan<int> ids, Span<float> logits)
    {
        if (Fail)
        {
            throw new InvalidOperationException(Secret);
        }

        _inner.Backend.Forward(((Watched)sequence).Inner, ids, logits);
        sequence.Length = ((Watched)sequence).Inner.Length;
        if (Poison)
        {
            logits[7] = float.NaN;
        }
    }

    public void Decode(IReadOnlyList<SequenceState> sequences, ReadOnlySpan<int> ids, Span<float> logits)
    {
        int size = logits.Length / sequences.Count;
        for (int i = 0; i < sequences.Count; i++)
        {
            Forward(sequences[i], ids.Slice(i, 1), logits.Slice(i * size, size));
        }
    }

    public void Dispose() => _inner.Dispose();

    private sealed class Watched(WatchedBackend owner, TorchSequence inner) : SequenceState(inner.Capacity)
    {
        public TorchSequence Inner { get; } = inner;

        protected override void Dispose(bool disposing)
        {
            // A second handle on the same memory outlives the sequence's own.
            using torch.Tensor alias = Inner.Storage.alias();
            owner.WasZeroBefore = IsZero(alias);
            Inner.Dispose();
            owner.IsZeroAfter = IsZero(alias);
        }

        private static bool IsZero(torch.Tensor tensor)
        {
            using torch.Tensor nonZero = tensor.count_nonzero();
            return nonZero.item<long>() == 0;
        }
    }
}
