using System.Security.Cryptography;
using Verathos.Protocol.Receipts;

namespace Verathos.Training.Rounds;

/// <summary>Whether an outcome is one of the round's validators' and about exactly what came in the round.</summary>
internal static class OutcomeCheck
{
    /// <summary>Checks all but whose turn it is.</summary>
    /// <param name="settings">The round.</param>
    /// <param name="result">What came.</param>
    /// <param name="message">The signed outcome.</param>
    /// <param name="aggregate">The encoded aggregate.</param>
    /// <param name="outcome">The outcome, verified.</param>
    /// <param name="place">The validator's place in the order, from 0.</param>
    public static RoundReply Check(RoundSettings settings, RoundResult result, ReadOnlySpan<byte> message, ReadOnlySpan<byte> aggregate, out TrainingOutcome? outcome, out int place)
    {
        outcome = null;
        place = 0;
        for (; place < settings.Validators.Count && outcome is null; place++)
        {
            using ECDsa key = settings.Validators[place].SigningKey.ToECDsa();
            _ = TrainingOutcome.TryParse(message, key, out outcome, out _);
        }

        place--;
        if (outcome is null)
        {
            return RoundReply.Statement;
        }

        ReadOnlyMemory<byte>? previous = outcome.Previous;
        return !outcome.Validator.Span.SequenceEqual(settings.Validators[place].Name.Span) ? RoundReply.NotAValidator
            : !outcome.Run.Span.SequenceEqual(settings.Run.Span) ? RoundReply.Run
            : outcome.Round != settings.Round ? RoundReply.Round
            : outcome.Previous.HasValue != settings.LastOutcome.HasValue || (previous is { } named && !named.Span.SequenceEqual(settings.LastOutcome!.Value.Span)) ? RoundReply.OutcomeChain
            : !outcome.BaseModelRoot.Span.SequenceEqual(settings.BaseModelRoot.Span) ? RoundReply.BaseModel
            : !outcome.ResultDigest.Span.SequenceEqual(result.ContentDigest()) ? RoundReply.Result
            : !outcome.Verdicts.Select(verdict => new WorkerKey(verdict.Worker.Span)).SequenceEqual(result.Contributions.Select(contribution => contribution.Worker)) ? RoundReply.Verdicts
            : !outcome.AggregateRoot.Span.SequenceEqual(SparseAggregate.Root(aggregate)) ? RoundReply.Aggregate
            : RoundReply.Taken;
    }
}
