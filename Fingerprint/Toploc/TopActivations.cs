using System.Runtime.Intrinsics;

namespace Verathos.Fingerprint.Toploc;

/// <summary>
/// The greatest magnitudes of a chunk of activations as they come, with their places: nothing else of the chunk is kept. The lowest
/// place wins among equals.
/// </summary>
public sealed class TopActivations
{
    private const int SignMask = 0x7fff;
    private const int Infinity = 0x7f80;
    private readonly long[] _places;
    private readonly ushort[] _bits;
    private int _count;
    private int _least = -1;

    /// <summary>An empty chunk.</summary>
    /// <param name="capacity">How many to keep; 128 in a TOPLOC proof.</param>
    public TopActivations(int capacity = ToplocProof.MaximumPoints)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, ToplocProof.MaximumPoints);
        _places = new long[capacity];
        _bits = new ushort[capacity];
    }

    /// <summary>Activations seen so far.</summary>
    public long Seen { get; private set; }

    /// <summary>Places of those kept, the greatest magnitude first.</summary>
    public ReadOnlySpan<long> Places => _places.AsSpan(0, _count);

    /// <summary>Their bfloat16 bits.</summary>
    public ReadOnlySpan<ushort> Bits => _bits.AsSpan(0, _count);

    /// <summary>Takes the next activations of the chunk.</summary>
    /// <param name="activations">bfloat16 bits.</param>
    /// <exception cref="ArithmeticException">One is infinite or not a number.</exception>
    public void Add(ReadOnlySpan<ushort> activations)
    {
        int i = 0;
        for (; Vector256.IsHardwareAccelerated && i + Vector256<short>.Count <= activations.Length; i += Vector256<short>.Count)
        {
            // Most are smaller than all that are kept. Magnitudes have fifteen bits.
            Vector256<short> magnitudes = Vector256.Create(activations[i..]).AsInt16() & Vector256.Create((short)SignMask);
            if (Vector256.GreaterThanAny(magnitudes, Vector256.Create((short)_least)))
            {
                Scan(activations, i, i + Vector256<short>.Count);
            }
        }

        Scan(activations, i, activations.Length);
        Seen += activations.Length;
    }

    /// <summary>Overwrites everything and begins another chunk.</summary>
    public void Clear()
    {
        Array.Clear(_places);
        Array.Clear(_bits);
        (_count, _least, Seen) = (0, -1, 0);
    }

    private void Scan(ReadOnlySpan<ushort> activations, int first, int end)
    {
        for (int i = first; i < end; i++)
        {
            int magnitude = activations[i] & SignMask;
            if (magnitude > _least)
            {
                Insert(Seen + i, activations[i], magnitude);
            }
        }
    }

    private void Insert(long place, ushort bits, int magnitude)
    {
        if (magnitude >= Infinity)
        {
            throw new ArithmeticException("an activation is not finite");
        }

        // Behind the last that is at least as great: of equal ones the lowest place stands first.
        (int at, int end) = (0, _count);
        while (at < end)
        {
            int middle = (at + end) / 2;
            (at, end) = magnitude > (_bits[middle] & SignMask) ? (at, middle) : (middle + 1, end);
        }

        int last = _count == _bits.Length ? _count - 1 : _count++;
        _places.AsSpan(at, last - at).CopyTo(_places.AsSpan(at + 1));
        _bits.AsSpan(at, last - at).CopyTo(_bits.AsSpan(at + 1));
        (_places[at], _bits[at]) = (place, bits);
        _least = _count == _bits.Length ? _bits[^1] & SignMask : -1;
    }
}
