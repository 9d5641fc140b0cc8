using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;

namespace Verathos.Training.Records;

/// <summary>
/// A worker's chain in one file: the deterministic CBOR map {1: version 1, 2: [keyset, ...], 3: [[record, number of its keyset, [step,
/// ...]], ...]}. Keysets come in the order in which they are first used, each once; records from the first on. Everything in it is checked
/// for form only.
/// </summary>
public static class ChainFile
{
    /// <summary>The largest file that is read, in bytes.</summary>
    public const int MaximumLength = 256 << 20;

    private const ulong Version = 1;

    /// <summary>Writes a chain.</summary>
    public static byte[] Encode(IReadOnlyList<ChainEntry> chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        List<Keyset> keysets = [.. chain.Select(static entry => entry.Signed.Keyset).DistinctBy(static keyset => Convert.ToHexString(keyset.Digest.Span))];
        DeterministicCborMap map = new DeterministicCborMap()
            .Add(1, Version)
            .Add(2, writer =>
            {
                writer.Array(keysets.Count);
                keysets.ForEach(keyset => writer.Bytes(keyset.Encoded.Span));
            })
            .Add(3, writer =>
            {
                writer.Array(chain.Count);
                foreach (ChainEntry entry in chain)
                {
                    int keyset = keysets.FindIndex(each => each.Digest.Span.SequenceEqual(entry.Signed.Keyset.Digest.Span));
                    writer.Array(3).Bytes(entry.Signed.Message.Span).UInt64((ulong)keyset).Array(entry.Steps.Count);
                    foreach (TrainingStep step in entry.Steps)
                    {
                        writer.Bytes(step.Encode());
                    }
                }
            });
        return map.Encode();
    }

    /// <summary>Reads a chain; it takes exactly what <see cref="Encode"/> writes.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out IReadOnlyList<ChainEntry>? chain)
    {
        chain = null;
        DeterministicCborReader reader = new(encoded.Span);
        if (encoded.Length > MaximumLength || !reader.TryReadMap(out int members) || members != 3
            || !Label(ref reader, 1) || !reader.TryReadUInt64(out ulong version) || version != Version
            || !Label(ref reader, 2) || !TryReadKeysets(ref reader, out List<Keyset> keysets)
            || !Label(ref reader, 3) || !reader.TryReadArray(out int count))
        {
            return false;
        }

        List<ChainEntry> entries = [];
        for (int i = 0; i < count; i++)
        {
            if (!TryReadEntry(ref reader, keysets, out ChainEntry? entry))
            {
                return false;
            }

            entries.Add(entry);
        }

        // Whatever the same chain would be written as otherwise, an order or a keyset that nobody names, is refused with the rest.
        if (!reader.AtEnd || !Encode(entries).AsSpan().SequenceEqual(encoded.Span))
        {
            return false;
        }

        chain = entries;
        return true;
    }

    private static bool TryReadKeysets(ref DeterministicCborReader reader, out List<Keyset> keysets)
    {
        keysets = [];
        if (!reader.TryReadArray(out int count))
        {
            return false;
        }

        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> bytes) || !Keyset.TryParse(bytes.ToArray(), out Keyset? keyset, out _))
            {
                return false;
            }

            keysets.Add(keyset);
        }

        return true;
    }

    private static bool TryReadEntry(ref DeterministicCborReader reader, List<Keyset> keysets, [NotNullWhen(true)] out ChainEntry? entry)
    {
        entry = null;
        if (!reader.TryReadArray(out int parts) || parts != 3 || !reader.TryReadBytes(out ReadOnlySpan<byte> record)
            || !reader.TryReadUInt32(out uint keyset) || keyset >= keysets.Count || !reader.TryReadArray(out int count))
        {
            return false;
        }

        List<TrainingStep> steps = [];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> bytes) || !TrainingStep.TryParse(bytes, out TrainingStep? step))
            {
                return false;
            }

            steps.Add(step);
        }

        entry = new ChainEntry(new SignedRecord(record.ToArray(), keysets[(int)keyset]), steps);
        return true;
    }

    private static bool Label(ref DeterministicCborReader reader, ulong label) => reader.TryReadUInt64(out ulong read) && read == label;
}
