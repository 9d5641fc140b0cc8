using System.Numerics.Tensors;

namespace Verathos.GpuRuntime.Models.Adapters;

/// <summary>What an adapter adds to one matrix: scale times B times A.</summary>
/// <param name="Scale">The factor.</param>
/// <param name="Rank">Rows of A, columns of B.</param>
/// <param name="A">[rank, columns].</param>
/// <param name="B">[rows, rank].</param>
internal sealed record LoraDelta(float Scale, int Rank, float[] A, float[] B)
{
    /// <summary>
    /// Adds one row in binary32: the sum over the rank, ascending, by fused multiply-adds from zero, then times the scale added by
    /// one fused multiply-add. The result is the same on every processor.
    /// </summary>
    /// <param name="row">Which, from 0, in Hugging Face's order.</param>
    /// <param name="values">The matrix's row.</param>
    /// <param name="sum">Room for as many values.</param>
    public void AddTo(long row, Span<float> values, Span<float> sum)
    {
        sum.Clear();
        for (int k = 0; k < Rank; k++)
        {
            TensorPrimitives.FusedMultiplyAdd(A.AsSpan(k * values.Length, values.Length), B[(row * Rank) + k], sum, sum);
        }

        TensorPrimitives.FusedMultiplyAdd(sum, Scale, values, values);
    }
}
