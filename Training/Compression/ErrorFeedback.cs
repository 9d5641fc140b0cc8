using System.Buffers;
using System.Numerics;

namespace Verathos.Training.Compression;

/// <summary>
/// What was not sent yet. A round's gradient is added to 0.95 times the rest, the greatest elements of that are sent, and exactly what
/// the receivers decode is taken off again: rest = (0.95 * rest + gradient) - sent, each operation in binary32.
/// </summary>
public sealed class ErrorFeedback
{
    /// <summary>What is left of the rest from round to round.</summary>
    public const float Decay = 0.95f;

    private readonly GradientLayout _layout;
    private readonly float[] _rest;

    /// <summary>Starts with a rest: zeros at first, the kept one after a stop.</summary>
    /// <param name="layout">How the vector is cut.</param>
    /// <param name="rest">The rest to go on with, copied; empty for zeros.</param>
    /// <exception cref="ArgumentException">The rest has another length or holds a number that is not finite.</exception>
    public ErrorFeedback(GradientLayout layout, ReadOnlySpan<float> rest = default)
    {
        ArgumentNullException.ThrowIfNull(layout);
        if (!rest.IsEmpty && rest.Length != layout.Count)
        {
            throw new ArgumentException("the rest is not of this layout", nameof(rest));
        }

        _layout = layout;
        _rest = rest.IsEmpty ? new float[layout.Count] : rest.ToArray();
        foreach (float value in _rest)
        {
            if (!float.IsFinite(value))
            {
                throw new ArgumentException("the rest holds a number that is not finite", nameof(rest));
            }
        }
    }

    /// <summary>What was not sent, the flat vector of the layout.</summary>
    public ReadOnlySpan<float> Rest => _rest;

    /// <summary>Compresses a round's gradient; the rest changes only if that succeeds.</summary>
    /// <param name="gradient">The flat vector; finite.</param>
    /// <param name="bits">2 or 8.</param>
    /// <returns>What is sent.</returns>
    /// <exception cref="ArgumentException">The vector has another length, or a sum is not finite.</exception>
    public byte[] Compress(ReadOnlySpan<float> gradient, GradientBits bits)
    {
        if (gradient.Length != _rest.Length)
        {
            throw new ArgumentException("the gradient is not of this layout", nameof(gradient));
        }

        float[] rented = ArrayPool<float>.Shared.Rent(_rest.Length);
        try
        {
            return Compress(gradient, bits, rented.AsSpan(0, _rest.Length));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    private byte[] Compress(ReadOnlySpan<float> gradient, GradientBits bits, Span<float> sum)
    {
        // Vectors do the same two roundings at each place.
        int next = 0;
        for (; next + Vector<float>.Count <= sum.Length; next += Vector<float>.Count)
        {
            Vector<float> decayed = new Vector<float>(_rest, next) * Decay;
            (decayed + new Vector<float>(gradient[next..])).CopyTo(sum[next..]);
        }

        for (; next < sum.Length; next++)
        {
            float decayed = Decay * _rest[next];
            sum[next] = decayed + gradient[next];
        }

        byte[] encoded = CompressedGradient.Encode(_layout, sum, bits);
        if (!CompressedGradient.TryParse(encoded, _layout, out CompressedGradient? sent, out GradientError error))
        {
            throw new InvalidOperationException($"a gradient that was just encoded is refused: {error}");
        }

        ReadOnlySpan<int> indices = sent.Vector.Indices;
        ReadOnlySpan<double> values = sent.Vector.Values;
        for (int i = 0; i < indices.Length; i++)
        {
            sum[indices[i]] -= (float)values[i];
        }

        sum.CopyTo(_rest);

        return encoded;
    }
}
