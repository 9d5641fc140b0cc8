using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;
using Verathos.Training;

namespace Verathos.Host.Training;

/// <summary>A worker that joined a run.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Hotkey">The key that signs its requests.</param>
/// <param name="Address">Where validators reach it.</param>
/// <param name="Keysets">Keysets that evidence vouched for since its last record that was taken, the newest last.</param>
/// <param name="LastCounter">Of that record; 0 where it has none.</param>
/// <param name="LastDigest">Of that record, 32 bytes.</param>
/// <param name="Missed">Rounds in a row that it missed since it joined last.</param>
internal sealed record RosterEntry(
    WorkerKey Worker, CoseKey Hotkey, string Address, IReadOnlyList<Keyset> Keysets, ulong LastCounter, ReadOnlyMemory<byte>? LastDigest, int Missed)
{
    /// <summary>Adds a keyset, which becomes the newest; the oldest go where there are too many.</summary>
    public RosterEntry With(Keyset keyset) => this with
    {
        Keysets = [.. Keysets.Where(known => !known.Digest.Span.SequenceEqual(keyset.Digest.Span)).TakeLast(Verathos.Training.Rounds.RoundMember.MostEarlier), keyset],
        Missed = 0,
    };

    /// <summary>[worker, hotkey, address, [keysets], counter, digest or null, missed].</summary>
    public void Write(DeterministicCborWriter writer)
    {
        writer.Array(7).Bytes(Worker.Bytes).Bytes(Hotkey.Encode()).Text(Address).Array(Keysets.Count);
        foreach (Keyset keyset in Keysets)
        {
            writer.Bytes(keyset.Encoded.Span);
        }

        writer.UInt64(LastCounter);
        _ = LastDigest is { } digest ? writer.Bytes(digest.Span) : writer.Null();
        writer.UInt64((ulong)Missed);
    }

    /// <summary>Reads what <see cref="Write"/> writes.</summary>
    public static bool TryRead(ref DeterministicCborReader reader, [NotNullWhen(true)] out RosterEntry? entry)
    {
        entry = null;
        if (!reader.TryReadArray(out int members) || members != 7 || !reader.TryReadBytes(32, out byte[] worker) || !reader.TryReadBytes(out ReadOnlySpan<byte> encoded)
            || !CoseKey.TryParse(encoded, out CoseKey? hotkey) || !reader.TryReadText(out string address) || !reader.TryReadArray(out int count) || count < 1)
        {
            return false;
        }

        List<Keyset> keysets = [];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> bytes) || !Keyset.TryParse(bytes.ToArray(), out Keyset? keyset, out _))
            {
                return false;
            }

            keysets.Add(keyset);
        }

        ReadOnlyMemory<byte>? digest = null;
        if (!reader.TryReadUInt64(out ulong counter) || (!reader.TryReadNull() && !TryReadDigest(ref reader, out digest)) || !reader.TryReadUInt32(out uint missed))
        {
            return false;
        }

        entry = new RosterEntry(new WorkerKey(worker), hotkey, address, keysets, counter, digest, (int)missed);
        return true;
    }

    private static bool TryReadDigest(ref DeterministicCborReader reader, out ReadOnlyMemory<byte>? digest)
    {
        bool read = reader.TryReadBytes(32, out byte[] bytes);
        digest = bytes;
        return read;
    }
}
