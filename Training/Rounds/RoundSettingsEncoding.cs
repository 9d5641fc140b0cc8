using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;

namespace Verathos.Training.Rounds;

/// <summary>
/// A round's settings as deterministic CBOR: ["verathos.round-settings.v1", run, round, base model's root, beacon, profile, [[worker, [keysets, the
/// newest last], last counter, last digest or null], ...], quorum, commit time, reveal time, outcome time, patience, most gradient bytes, last outcome or null]; times in units
/// of 100 ns, members in the order of their keys. The validators are the run's, and are not in it.
/// </summary>
public static class RoundSettingsEncoding
{
    private const string Label = "verathos.round-settings.v1";

    /// <summary>Encodes.</summary>
    public static byte[] Encode(RoundSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(14).Text(Label).Bytes(settings.Run.Span).UInt64(settings.Round)
            .Bytes(settings.BaseModelRoot.Span).Bytes(settings.Beacon.Span).Text(settings.NumericProfile).Array(settings.Members.Count);
        foreach (RoundMember member in settings.Members.OrderBy(member => member.Worker))
        {
            writer.Array(4).Bytes(member.Worker.Bytes).Array(member.Earlier.Count + 1);
            foreach (Keyset keyset in (IEnumerable<Keyset>)[.. member.Earlier, member.Keyset])
            {
                writer.Bytes(keyset.Encoded.Span);
            }

            WriteOptional(writer.UInt64(member.LastCounter), member.LastDigest);
        }

        writer.UInt64((ulong)settings.Quorum).Int64(settings.CommitTime.Ticks).Int64(settings.RevealTime.Ticks).Int64(settings.OutcomeTime.Ticks)
            .Int64(settings.Patience.Ticks).UInt64((ulong)settings.MostGradientBytes);
        WriteOptional(writer, settings.LastOutcome);
        return writer.ToArray();
    }

    /// <summary>Reads settings and nothing after them.</summary>
    /// <param name="encoded">What <see cref="Encode"/> gives.</param>
    /// <param name="validators">The run's validators.</param>
    /// <param name="settings">The settings, which make sense.</param>
    public static bool TryParse(ReadOnlySpan<byte> encoded, IReadOnlyList<RoundValidator> validators, [NotNullWhen(true)] out RoundSettings? settings)
    {
        settings = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _) || !reader.TryReadArray(out int count) || count != 14 || !reader.TryReadText(out string label) || label != Label
            || !reader.TryReadBytes(32, out byte[] run) || !reader.TryReadUInt64(out ulong round) || !reader.TryReadBytes(32, out byte[] model)
            || !reader.TryReadBytes(32, out byte[] beacon) || !reader.TryReadText(out string profile) || !reader.TryReadArray(out int members))
        {
            return false;
        }

        List<RoundMember> read = [];
        for (int i = 0; i < members; i++)
        {
            if (!TryReadMember(ref reader, out RoundMember? member))
            {
                return false;
            }

            read.Add(member);
        }

        if (!reader.TryReadUInt32(out uint quorum) || !reader.TryReadInt64(out long commit) || !reader.TryReadInt64(out long reveal) || !reader.TryReadInt64(out long outcome)
            || !reader.TryReadInt64(out long patience) || !reader.TryReadUInt32(out uint most) || !TryReadOptional(ref reader, out ReadOnlyMemory<byte>? last) || !reader.AtEnd
            || quorum > int.MaxValue || most > int.MaxValue)
        {
            return false;
        }

        RoundSettings found = new()
        {
            Run = run,
            Round = round,
            BaseModelRoot = model,
            Beacon = beacon,
            NumericProfile = profile,
            Members = read,
            Quorum = (int)quorum,
            CommitTime = TimeSpan.FromTicks(commit),
            RevealTime = TimeSpan.FromTicks(reveal),
            OutcomeTime = TimeSpan.FromTicks(outcome),
            Patience = TimeSpan.FromTicks(patience),
            MostGradientBytes = (int)most,
            LastOutcome = last,
            Validators = validators,
        };
        if (!found.IsPossible)
        {
            return false;
        }

        settings = found;
        return true;
    }

    private static bool TryReadMember(ref DeterministicCborReader reader, [NotNullWhen(true)] out RoundMember? member)
    {
        member = null;
        if (!reader.TryReadArray(out int count) || count != 4 || !reader.TryReadBytes(32, out byte[] worker) || !reader.TryReadArray(out int keysets) || keysets < 1)
        {
            return false;
        }

        List<Keyset> known = [];
        for (int i = 0; i < keysets; i++)
        {
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> encoded) || !Keyset.TryParse(encoded.ToArray(), out Keyset? keyset, out _))
            {
                return false;
            }

            known.Add(keyset);
        }

        if (!reader.TryReadUInt64(out ulong counter) || !TryReadOptional(ref reader, out ReadOnlyMemory<byte>? digest))
        {
            return false;
        }

        member = new RoundMember(new WorkerKey(worker), known[^1], counter, digest) { Earlier = known[..^1] };
        return true;
    }

    private static void WriteOptional(DeterministicCborWriter writer, ReadOnlyMemory<byte>? bytes) => _ = bytes is { } value ? writer.Bytes(value.Span) : writer.Null();

    private static bool TryReadOptional(ref DeterministicCborReader reader, out ReadOnlyMemory<byte>? bytes)
    {
        bytes = null;
        if (reader.TryReadNull())
        {
            return true;
        }

        bool read = reader.TryReadBytes(32, out byte[] value);
        bytes = value;
        return read;
    }
}
