using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>One token's logit raised above all others in each row.</summary>
/// <param name="id">The token that is to be drawn.</param>
internal sealed class RaisedLogit(int id) : ForwardHook
{
    public override void AfterLogits(Lane16Backend backend, int firstRow, Span<float> logits)
    {
        int vocabulary = backend.Config.VocabularySize;
        for (int at = 0; at < logits.Length; at += vocabulary)
        {
            Span<float> row = logits.Slice(at, vocabulary);
            row[id] = System.Numerics.Tensors.TensorPrimitives.Max<float>(row) + 1;
        }
    }
}
