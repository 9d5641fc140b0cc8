using System.Security.Cryptography;
using Verathos.Protocol.Receipts;
using Verathos.Training.Records;

namespace Verathos.Training.Rounds;

/// <summary>Whether a reveal is what its owner committed to, and a record that may stand in the round.</summary>
internal static class RevealCheck
{
    public static RoundReply Check(RoundSettings settings, RoundMember member, ReadOnlyMemory<byte> commitment, RoundEvent.Revealed reveal, out TrainingRecord? record)
    {
        record = null;
        if (!TrainingCommitment.Opens(commitment.Span, member.Worker, settings.Round, reveal.Salt.Span, reveal.Record.Span))
        {
            return RoundReply.Commitment;
        }

        using ECDsa key = member.Keyset.SigningKey.ToECDsa();
        if (!TrainingRecord.TryParse(reveal.Record.Span, key, out TrainingRecord? read, out _))
        {
            return RoundReply.Record;
        }

        record = read;
        return !read.KeysetDigest.Span.SequenceEqual(member.Keyset.Digest.Span) || !read.BootId.Span.SequenceEqual(member.Keyset.BootId.Span)
                || read.IssuedAt < member.Keyset.NotBefore || read.IssuedAt > member.Keyset.NotAfter ? RoundReply.Keyset
            : !read.Worker.Span.SequenceEqual(member.Worker.Bytes) ? RoundReply.Worker
            : read.Round != settings.Round ? RoundReply.Round
            : read.Counter != member.LastCounter + 1 || (read.Previous is { } previous && !previous.Span.SequenceEqual(member.LastDigest!.Value.Span)) ? RoundReply.Chain
            : !read.BaseModelRoot.Span.SequenceEqual(settings.BaseModelRoot.Span) ? RoundReply.BaseModel
            : !read.Beacon.Span.SequenceEqual(settings.Beacon.Span) ? RoundReply.Beacon
            : read.NumericProfile != settings.NumericProfile ? RoundReply.Profile
            : !read.GradientRoot.Span.SequenceEqual(TrainingRoots.OfGradient(reveal.Gradient.Span)) ? RoundReply.GradientRoot
            : RoundReply.Taken;
    }
}
