using System.Security.Cryptography;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training.Records;
using Verathos.Training.Sealing;

namespace Verathos.Training.Rounds;

/// <summary>
/// Whether a reveal is what its owner committed to, and a record that may stand in the round. Whether the gradient has the root that the
/// record names only those can tell to whom it is sealed.
/// </summary>
internal static class RevealCheck
{
    public static RoundReply Check(
        RoundSettings settings, RoundMember member, IReadOnlyList<Keyset> keysets, ReadOnlyMemory<byte> commitment, RoundEvent.Revealed reveal, out TrainingRecord? record, out Keyset? keyset)
    {
        record = null;
        keyset = null;
        if (!TrainingCommitment.Opens(commitment.Span, member.Worker, settings.Round, reveal.Salt.Span, reveal.Record.Span))
        {
            return RoundReply.Commitment;
        }

        (ulong Counter, ReadOnlyMemory<byte>? Digest, ulong Round) last = (member.LastCounter, member.LastDigest, 0);
        foreach (ReadOnlyMemory<byte> link in reveal.Links)
        {
            RoundReply reply = Read(member, keysets, link, out TrainingRecord? between, out _);
            reply = reply == RoundReply.Taken && (!Follows(between!, last) || between!.Round >= settings.Round) ? RoundReply.Chain : reply;
            if (reply != RoundReply.Taken)
            {
                return reply;
            }

            last = (between!.Counter, between.Digest, between.Round);
        }

        RoundReply own = Read(member, keysets, reveal.Record, out record, out keyset);
        return own != RoundReply.Taken ? own
            : record!.Round != settings.Round ? RoundReply.Round
            : !Follows(record, last) ? RoundReply.Chain
            : !record.BaseModelRoot.Span.SequenceEqual(settings.BaseModelRoot.Span) ? RoundReply.BaseModel
            : !record.Beacon.Span.SequenceEqual(settings.Beacon.Span) ? RoundReply.Beacon
            : record.NumericProfile != settings.NumericProfile ? RoundReply.Profile
            : settings.Validators.Count > 0 && !GradientSeal.IsSealedTo(reveal.Gradient.Span, [.. settings.Validators.Select(validator => validator.SealKey)]) ? RoundReply.Seal
            : RoundReply.Taken;
    }

    private static bool Follows(TrainingRecord record, (ulong Counter, ReadOnlyMemory<byte>? Digest, ulong Round) last) =>
        record.Counter == last.Counter + 1 && (record.Previous is not { } previous || previous.Span.SequenceEqual(last.Digest!.Value.Span)) && record.Round > last.Round;

    // A record says under which keyset it is signed, and only the signature says that it does: each that is known is tried, the newest first.
    private static RoundReply Read(RoundMember member, IReadOnlyList<Keyset> keysets, ReadOnlyMemory<byte> message, out TrainingRecord? record, out Keyset? keyset)
    {
        record = null;
        keyset = null;
        for (int i = keysets.Count - 1; i >= 0 && record is null; i--)
        {
            using ECDsa key = keysets[i].SigningKey.ToECDsa();
            if (TrainingRecord.TryParse(message.Span, key, out record, out _))
            {
                keyset = keysets[i];
            }
        }

        return record is null || keyset is null ? RoundReply.Record
            : !record.KeysetDigest.Span.SequenceEqual(keyset.Digest.Span) || !record.BootId.Span.SequenceEqual(keyset.BootId.Span)
                || record.IssuedAt < keyset.NotBefore || record.IssuedAt > keyset.NotAfter ? RoundReply.Keyset
            : !record.Worker.Span.SequenceEqual(member.Worker.Bytes) ? RoundReply.Worker
            : RoundReply.Taken;
    }
}
