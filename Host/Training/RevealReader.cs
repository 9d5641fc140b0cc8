using System.Security.Cryptography;
using Verathos.GpuRuntime.Training;
using Verathos.Protocol.Grpc;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;

namespace Verathos.Host.Training;

/// <summary>
/// Reads the reveals of a round as a validator does, which takes the coordinator's word for nothing: evidence for each keyset under the validator's own policy, the record against the
/// round, and the gradient against the record.
/// </summary>
internal sealed class RevealReader(RunFile run, VouchedKeysets keysets, ValidatorKeys keys, int mostGradientBytes)
{
    /// <summary>Reads all of them, in the order of the workers' keys.</summary>
    /// <exception cref="TrainingException">They cannot be a round's: no outcome over them would be taken.</exception>
    public IReadOnlyList<ReadReveal> Read(RoundSettings settings, IReadOnlyList<RevealedMessage> messages)
    {
        List<ReadReveal> read = [];
        foreach (RevealedMessage message in messages.OrderBy(static message => Convert.ToHexString(message.Worker.Span), StringComparer.Ordinal))
        {
            RoundMember? member = message.Worker.Length == WorkerKey.Length ? settings.Members.FirstOrDefault(one => one.Worker.Bytes.SequenceEqual(message.Worker.Span)) : null;
            if (member is null || !Keyset.TryParse(message.Keyset.Memory, out Keyset? keyset, out _) || ShownRecord.Of(message) is not { } shown || Record(keyset, message.Record.Span) is not { } record
                || (read.Count > 0 && read[^1].Contribution.Worker == member.Worker))
            {
                throw new TrainingException($"The reveals of round {settings.Round} that the coordinator gives cannot be one round's.");
            }

            RoundContribution contribution = new(
                member.Worker, record, message.Record.Memory, keyset, [.. message.Links.Select(static link => link.Record.Memory)], message.SealedGradient.Memory);
            byte[]? gradient = null;
            string? wrong = Fault(settings, member, contribution, shown);
            string? fault = wrong ?? Open(settings, member, contribution, out gradient);
            read.Add(new ReadReveal(contribution, gradient, fault, message.Address, shown, [.. message.Links.Select(ShownRecord.Of)]) { IsVouched = wrong is null });
        }

        return read;
    }

    private static TrainingRecord? Record(Keyset keyset, ReadOnlySpan<byte> message)
    {
        using ECDsa key = keyset.SigningKey.ToECDsa();
        return TrainingRecord.TryParse(message, key, out TrainingRecord? record, out _) ? record : null;
    }

    private string? Fault(RoundSettings settings, RoundMember member, RoundContribution contribution, ShownRecord shown)
    {
        TrainingRecord record = contribution.Record;
        (JoinReply reply, bool simulated) = keysets.Now(member.Worker, contribution.Keyset, shown.Evidence);
        if (reply != JoinReply.Joined)
        {
            return "evidence." + ReadReveal.NameOf(reply);
        }

        return !record.KeysetDigest.Span.SequenceEqual(contribution.Keyset.Digest.Span) || !record.BootId.Span.SequenceEqual(contribution.Keyset.BootId.Span)
                || record.IssuedAt < contribution.Keyset.NotBefore || record.IssuedAt > contribution.Keyset.NotAfter ? "record.keyset"
            : record.Simulated != simulated ? "record.simulated"
            : !record.Worker.Span.SequenceEqual(member.Worker.Bytes) ? "record.worker"
            : record.Round != settings.Round ? "record.round"
            : !record.BaseModelRoot.Span.SequenceEqual(settings.BaseModelRoot.Span) ? "record.base-model"
            : !record.Beacon.Span.SequenceEqual(settings.Beacon.Span) ? "record.beacon"
            : record.NumericProfile != run.NumericProfile ? "record.profile"
            : record.Steps != run.Work.Steps ? "record.steps"
            : null;
    }

    private string? Open(RoundSettings settings, RoundMember member, RoundContribution contribution, out byte[]? gradient)
    {
        SealSubject subject = new(SealSubject.Gradient, run.Id, member.Worker, settings.Round, SHA256.HashData(contribution.Message.Span));
        SealError error = GradientSeal.OpenGradient(contribution.Gradient.Span, subject, keys.Seal, mostGradientBytes, contribution.Record.GradientRoot.Span, out gradient);
        return error == SealError.None ? null : "seal." + ReadReveal.NameOf(error);
    }
}
