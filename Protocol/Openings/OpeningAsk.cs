using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Openings;

/// <summary>
/// What is asked for, as requests and statements carry it: the array [1, first, count] for openings by number, [2] for step hashes,
/// [3] for chunk proofs, [4, step] for a step's leaves, [5, step, layer, head, link step, logits step] for a layer and logits that the
/// asker names.
/// </summary>
public sealed record OpeningAsk
{
    private readonly long[] _numbers;

    private OpeningAsk(OpeningKind kind, params long[] numbers) => (Kind, _numbers) = (kind, numbers);

    /// <summary>What is asked for.</summary>
    public OpeningKind Kind { get; }

    /// <summary>The hashes of all committed steps.</summary>
    public static OpeningAsk StepHashes { get; } = new(OpeningKind.StepHashes);

    /// <summary>The TOPLOC proofs and the sketches of all chunks.</summary>
    public static OpeningAsk Chunks { get; } = new(OpeningKind.Chunks);

    /// <summary>The first opening's number, from 0.</summary>
    public int First => (int)Number(OpeningKind.Openings, 0);

    /// <summary>How many openings.</summary>
    public int Count => (int)Number(OpeningKind.Openings, 1);

    /// <summary>The named step, of <see cref="OpeningKind.Step"/> and <see cref="OpeningKind.Chosen"/>.</summary>
    public long StepNumber => Kind == OpeningKind.Step ? Number(OpeningKind.Step, 0) : Number(OpeningKind.Chosen, 0);

    /// <summary>The named layer.</summary>
    public int Layer => (int)Number(OpeningKind.Chosen, 1);

    /// <summary>The named query head.</summary>
    public int Head => (int)Number(OpeningKind.Chosen, 2);

    /// <summary>The named earlier step of the head's chain.</summary>
    public long LinkStep => Number(OpeningKind.Chosen, 3);

    /// <summary>The named step with logits.</summary>
    public long LogitsStep => Number(OpeningKind.Chosen, 4);

    /// <summary>How many answers to what is bounded a receipt this takes: one, or one for each opening.</summary>
    public int Weight => Kind == OpeningKind.Openings ? Count : 1;

    /// <summary>Openings first to first + count - 1 of an audit.</summary>
    /// <param name="first">From 0.</param>
    /// <param name="count">At least 1.</param>
    public static OpeningAsk Openings(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, int.MaxValue - first);
        return new OpeningAsk(OpeningKind.Openings, first, count);
    }

    /// <summary>All leaves of one step.</summary>
    /// <param name="step">From 0.</param>
    public static OpeningAsk Step(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return new OpeningAsk(OpeningKind.Step, step);
    }

    /// <summary>A layer and a row of logits.</summary>
    /// <param name="step">The step whose layer is shown.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The query head.</param>
    /// <param name="linkStep">A step up to <paramref name="step"/>.</param>
    /// <param name="logitsStep">The step whose logits are shown.</param>
    public static OpeningAsk Chosen(long step, int layer, int head, long linkStep, long logitsStep)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        ArgumentOutOfRangeException.ThrowIfNegative(head);
        ArgumentOutOfRangeException.ThrowIfNegative(linkStep);
        ArgumentOutOfRangeException.ThrowIfNegative(logitsStep);
        return new OpeningAsk(OpeningKind.Chosen, step, layer, head, linkStep, logitsStep);
    }

    /// <inheritdoc/>
    public bool Equals(OpeningAsk? other) => other is not null && Kind == other.Kind && _numbers.AsSpan().SequenceEqual(other._numbers);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.Add(Kind);
        foreach (long number in _numbers)
        {
            hash.Add(number);
        }

        return hash.ToHashCode();
    }

    /// <summary>The array as it is sent, such as [1, 0, 4].</summary>
    public override string ToString() => $"[{string.Join(", ", _numbers.Prepend((long)Kind))}]";

    internal void Write(DeterministicCborWriter writer)
    {
        writer.Array(1 + _numbers.Length).UInt64((ulong)Kind);
        foreach (long number in _numbers)
        {
            writer.UInt64((ulong)number);
        }
    }

    internal static bool TryRead(ref DeterministicCborReader reader, [NotNullWhen(true)] out OpeningAsk? ask)
    {
        ask = null;
        if (!reader.TryReadArray(out int count) || count is < 1 or > 6 || !reader.TryReadUInt64(out ulong kind))
        {
            return false;
        }

        long[] numbers = new long[count - 1];
        for (int i = 0; i < numbers.Length; i++)
        {
            // No answer has as many steps, layers or openings.
            if (!reader.TryReadUInt64(out ulong number) || number > int.MaxValue)
            {
                return false;
            }

            numbers[i] = (long)number;
        }

        ask = (kind, numbers.Length) switch
        {
            ((ulong)OpeningKind.Openings, 2) when numbers[1] >= 1 && numbers[0] + numbers[1] <= int.MaxValue => new OpeningAsk(OpeningKind.Openings, numbers),
            ((ulong)OpeningKind.StepHashes, 0) => StepHashes,
            ((ulong)OpeningKind.Chunks, 0) => Chunks,
            ((ulong)OpeningKind.Step, 1) => new OpeningAsk(OpeningKind.Step, numbers),
            ((ulong)OpeningKind.Chosen, 5) => new OpeningAsk(OpeningKind.Chosen, numbers),
            _ => null,
        };
        return ask is not null;
    }

    private long Number(OpeningKind kind, int index) =>
        Kind == kind ? _numbers[index] : throw new InvalidOperationException($"{this} asks for something else");
}
