using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Verathos.Fingerprint.Toploc;

/// <summary>
/// A TOPLOC proof of a chunk of last hidden states (https://arxiv.org/abs/2501.16007): a polynomial over F_65497 through the points
/// (place mod m, bfloat16 bits) of the greatest magnitudes. Encoded as m and then the coefficients, the constant first, each as
/// two bytes, big-endian: 258 bytes for 128 points.
/// </summary>
public sealed class ToplocProof
{
    /// <summary>The most points of a proof, and their number wherever a chunk has as many activations.</summary>
    public const int MaximumPoints = 128;

    /// <summary>Decoded tokens of a chunk; the prompt is one chunk of its own.</summary>
    public const int ChunkTokens = 32;

    private readonly ushort[] _coefficients;

    private ToplocProof(int modulus, ushort[] coefficients) => (Modulus, _coefficients) = (modulus, coefficients);

    /// <summary>The largest number at most 65497 that leaves the places apart.</summary>
    public int Modulus { get; }

    /// <summary>As many as there are points, the constant first, each below 65497.</summary>
    public ReadOnlySpan<ushort> Coefficients => _coefficients;

    /// <summary>Bytes of the encoding.</summary>
    public int Size => sizeof(ushort) * (1 + _coefficients.Length);

    /// <summary>Makes the proof of a chunk.</summary>
    /// <param name="chunk">At least one activation.</param>
    public static ToplocProof Create(TopActivations chunk)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        return Create(chunk.Places, chunk.Bits);
    }

    /// <summary>Makes the proof of points that were chosen already.</summary>
    /// <param name="places">Distinct, none negative, from 1 to 128 of them.</param>
    /// <param name="bits">The bfloat16 bits at each place, finite.</param>
    /// <exception cref="ArgumentException">The points are not as they must be.</exception>
    public static ToplocProof Create(ReadOnlySpan<long> places, ReadOnlySpan<ushort> bits)
    {
        if (places.Length is 0 or > MaximumPoints || places.Length != bits.Length || places.ContainsAnyInRange(long.MinValue, -1))
        {
            throw new ArgumentException($"{places.Length} places and {bits.Length} activations are no points of a proof", nameof(places));
        }

        int modulus = InjectiveModulus(places);
        Span<int> x = stackalloc int[places.Length];
        Span<int> y = stackalloc int[places.Length];
        for (int i = 0; i < places.Length; i++)
        {
            (x[i], y[i]) = ((int)(places[i] % modulus), bits[i]);
            if (y[i] >= ToplocField.Prime)
            {
                throw new ArgumentException("an activation is not a number", nameof(bits));
            }
        }

        return new ToplocProof(modulus, ToplocField.Interpolate(x, y));
    }

    /// <summary>Reads an encoded proof.</summary>
    /// <param name="encoded">Exactly one proof.</param>
    /// <param name="points">The number of points that the chunk's size asks for.</param>
    /// <param name="proof">The proof.</param>
    /// <returns>False for any other length, for a modulus that no honest proof has (0 among them), and for a coefficient outside the field.</returns>
    public static bool TryParse(ReadOnlySpan<byte> encoded, int points, [NotNullWhen(true)] out ToplocProof? proof)
    {
        proof = null;
        if (points is < 1 or > MaximumPoints || encoded.Length != sizeof(ushort) * (1 + points))
        {
            return false;
        }

        // Fewer residues than points cannot keep them apart.
        int modulus = BinaryPrimitives.ReadUInt16BigEndian(encoded);
        if (modulus < points || modulus > ToplocField.Prime)
        {
            return false;
        }

        ushort[] coefficients = new ushort[points];
        for (int i = 0; i < points; i++)
        {
            coefficients[i] = BinaryPrimitives.ReadUInt16BigEndian(encoded[(sizeof(ushort) * (1 + i))..]);
            if (coefficients[i] >= ToplocField.Prime)
            {
                return false;
            }
        }

        proof = new ToplocProof(modulus, coefficients);
        return true;
    }

    /// <summary>Writes the encoding.</summary>
    /// <param name="destination">At least <see cref="Size"/> bytes.</param>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)Modulus);
        for (int i = 0; i < _coefficients.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination[(sizeof(ushort) * (1 + i))..], _coefficients[i]);
        }
    }

    /// <summary>The encoding.</summary>
    public byte[] ToArray()
    {
        byte[] encoded = new byte[Size];
        Write(encoded);
        return encoded;
    }

    /// <summary>What the proof says stands at a place: bfloat16 bits.</summary>
    /// <param name="place">In the flattened chunk, from 0.</param>
    public ushort Evaluate(long place)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(place);
        return ToplocField.Evaluate(_coefficients, (int)(place % Modulus));
    }

    /// <summary>Compares the proof with the verifier's own activations of the same chunk.</summary>
    /// <param name="chunk">The verifier's; it has as many points as the proof.</param>
    public ToplocComparison Compare(TopActivations chunk)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        ReadOnlySpan<long> places = chunk.Places;
        if (places.Length != _coefficients.Length)
        {
            throw new ArgumentException($"a proof of {_coefficients.Length} points is compared with a chunk of {places.Length}", nameof(chunk));
        }

        Span<int> differences = stackalloc int[places.Length];
        int agreeing = 0;
        for (int i = 0; i < places.Length; i++)
        {
            // Sign and exponent are compared as one: a proof of negated activations agrees nowhere.
            (int own, int said) = (chunk.Bits[i], Evaluate(places[i]));
            if (own >> 7 == said >> 7)
            {
                differences[agreeing++] = Math.Abs((own & 0x7f) - (said & 0x7f));
            }
        }

        return ToplocComparison.Of(places.Length, differences[..agreeing]);
    }

    private static int InjectiveModulus(ReadOnlySpan<long> places)
    {
        Span<ulong> seen = stackalloc ulong[(ToplocField.Prime + 63) / 64];
        for (int modulus = ToplocField.Prime; modulus >= places.Length; modulus--)
        {
            seen.Clear();
            int distinct = 0;
            foreach (long place in places)
            {
                int rest = (int)(place % modulus);
                ulong bit = 1UL << (rest & 63);
                if ((seen[rest >> 6] & bit) != 0)
                {
                    break;
                }

                seen[rest >> 6] |= bit;
                distinct++;
            }

            if (distinct == places.Length)
            {
                return modulus;
            }
        }

        throw new ArgumentException("the places are not distinct", nameof(places));
    }
}
