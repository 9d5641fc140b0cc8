using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;

namespace Verathos.Training.Rounds;

/// <summary>
/// Events as deterministic CBOR arrays: [1, ticks, settings digest], [2, ticks, worker, commitment], [3, ticks], [4, ticks, worker,
/// salt, record, gradient, [links]], [5, ticks], [6, ticks], [7, ticks, worker, keyset], [8, ticks] and [9, ticks, statement, aggregate]; ticks are 100 ns of UTC since year 1. Anything else is refused.
/// </summary>
public static class RoundEventEncoding
{
    /// <summary>Encodes.</summary>
    public static byte[] Encode(RoundEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        DeterministicCborWriter writer = new();
        ulong ticks = (ulong)happened.At.UtcTicks;
        _ = happened switch
        {
            RoundEvent.Opened opened => writer.Array(3).UInt64(1).UInt64(ticks).Bytes(opened.SettingsDigest.Span),
            RoundEvent.Committed committed => writer.Array(4).UInt64(2).UInt64(ticks).Bytes(committed.Worker.Bytes).Bytes(committed.Commitment.Span),
            RoundEvent.CommitmentsClosed => writer.Array(2).UInt64(3).UInt64(ticks),
            RoundEvent.Revealed revealed => Links(
                writer.Array(7).UInt64(4).UInt64(ticks).Bytes(revealed.Worker.Bytes).Bytes(revealed.Salt.Span).Bytes(revealed.Record.Span).Bytes(revealed.Gradient.Span), revealed.Links),
            RoundEvent.Closed => writer.Array(2).UInt64(5).UInt64(ticks),
            RoundEvent.Abandoned => writer.Array(2).UInt64(6).UInt64(ticks),
            RoundEvent.Renewed renewed => writer.Array(4).UInt64(7).UInt64(ticks).Bytes(renewed.Worker.Bytes).Bytes(renewed.Keyset.Span),
            RoundEvent.RevealsClosed => writer.Array(2).UInt64(8).UInt64(ticks),
            RoundEvent.Judged judged => writer.Array(4).UInt64(9).UInt64(ticks).Bytes(judged.Statement.Span).Bytes(judged.Aggregate.Span),
            _ => throw new ArgumentException("an event of an unknown kind", nameof(happened)),
        };
        return writer.ToArray();
    }

    /// <summary>Reads one event and nothing after it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out RoundEvent? happened)
    {
        happened = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _) || !reader.TryReadArray(out int count) || !reader.TryReadUInt64(out ulong kind)
            || !reader.TryReadUInt64(out ulong ticks) || ticks > (ulong)DateTimeOffset.MaxValue.UtcTicks)
        {
            return false;
        }

        DateTimeOffset at = new((long)ticks, TimeSpan.Zero);
        switch (kind, count)
        {
            case (1, 3) when reader.TryReadBytes(32, out byte[] digest):
                happened = new RoundEvent.Opened(digest, at);
                break;
            case (2, 4) when reader.TryReadBytes(32, out byte[] worker) && reader.TryReadBytes(32, out byte[] commitment):
                happened = new RoundEvent.Committed(new WorkerKey(worker), commitment, at);
                break;
            case (3, 2):
                happened = new RoundEvent.CommitmentsClosed(at);
                break;
            case (4, 7) when reader.TryReadBytes(32, out byte[] worker) && reader.TryReadBytes(32, out byte[] salt)
                && reader.TryReadBytes(out ReadOnlySpan<byte> record) && reader.TryReadBytes(out ReadOnlySpan<byte> gradient) && TryReadLinks(ref reader, out List<ReadOnlyMemory<byte>> links):
                happened = new RoundEvent.Revealed(new WorkerKey(worker), salt, record.ToArray(), gradient.ToArray(), at) { Links = links };
                break;
            case (5, 2):
                happened = new RoundEvent.Closed(at);
                break;
            case (6, 2):
                happened = new RoundEvent.Abandoned(at);
                break;
            case (7, 4) when reader.TryReadBytes(32, out byte[] worker) && reader.TryReadBytes(out ReadOnlySpan<byte> keyset):
                happened = new RoundEvent.Renewed(new WorkerKey(worker), keyset.ToArray(), at);
                break;
            case (8, 2):
                happened = new RoundEvent.RevealsClosed(at);
                break;
            case (9, 4) when reader.TryReadBytes(out ReadOnlySpan<byte> statement) && reader.TryReadBytes(out ReadOnlySpan<byte> aggregate):
                happened = new RoundEvent.Judged(statement.ToArray(), aggregate.ToArray(), at);
                break;
            default:
                return false;
        }

        return true;
    }

    private static DeterministicCborWriter Links(DeterministicCborWriter writer, IReadOnlyList<ReadOnlyMemory<byte>> links)
    {
        writer.Array(links.Count);
        foreach (ReadOnlyMemory<byte> link in links)
        {
            writer.Bytes(link.Span);
        }

        return writer;
    }

    private static bool TryReadLinks(ref DeterministicCborReader reader, out List<ReadOnlyMemory<byte>> links)
    {
        links = [];
        bool read = reader.TryReadArray(out int count) && count <= TrainingRound.MostLinks;
        for (int i = 0; read && i < count; i++)
        {
            read = reader.TryReadBytes(out ReadOnlySpan<byte> link);
            links.Add(link.ToArray());
        }

        return read;
    }
}
