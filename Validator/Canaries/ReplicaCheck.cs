using System.Security.Cryptography;
using Verathos.Client.Openings;
using Verathos.Validator.Audits;
using Verathos.Validator.Configuration;
using Verathos.Validator.State;

namespace Verathos.Validator.Canaries;

/// <summary>
/// Compares the answers of nodes that were asked the same. A vote convicts nobody, for a majority may be the cheats: who is outvoted, and everybody
/// where there is no majority, is audited whatever the seed chose.
/// </summary>
/// <param name="configuration">The settings.</param>
/// <param name="state">The state.</param>
/// <param name="weights">What outcomes weigh.</param>
/// <param name="clock">The clock.</param>
public sealed class ReplicaCheck(ValidatorConfiguration configuration, ValidatorState state, OutcomeWeights weights, TimeProvider clock)
{
    /// <summary>The test of replicated canaries: outcome 0 with the majority, 1 against it.</summary>
    public const string Test = "replica";

    private readonly Lock _lock = new();

    /// <summary>Votes on every group of an epoch whose canaries have all ended and that was not voted on yet.</summary>
    public void Vote(long epoch)
    {
        lock (_lock)
        {
            HashSet<string> voted = [.. state.Outcomes(epoch).Where(static outcome => outcome.Test == Test).Select(static outcome => Convert.ToHexString(outcome.Canary))];
            foreach (IGrouping<int, CanaryRow> group in state.Canaries(epoch).Where(static canary => canary.ReplicaGroup is not null).GroupBy(static canary => canary.ReplicaGroup!.Value))
            {
                if (group.All(static canary => canary.State is WorkState.Ended or WorkState.Skipped))
                {
                    // Only answers of one model in one profile can be expected to agree.
                    foreach (IGrouping<string, CanaryRow> alike in group.Where(canary => canary.Result == WorkResult.Passed && !voted.Contains(Convert.ToHexString(canary.Id)))
                        .GroupBy(static canary => $"{Convert.ToHexString(canary.ManifestRoot!)}/{canary.Profile}"))
                    {
                        Vote([.. alike]);
                    }
                }
            }
        }
    }

    private void Vote(CanaryRow[] canaries)
    {
        List<(CanaryRow Canary, int[] Ids, bool Stopped)> answers = [];
        foreach (CanaryRow canary in canaries)
        {
            if (state.TryGetTicket(canary.Id, out byte[]? encoded) && AuditTicket.TryDecode(encoded, out AuditTicket? ticket, out _))
            {
                using (ticket)
                {
                    answers.Add((canary, ticket.Ids()[ticket.PromptTokens..], ticket.Receipt.FinishReason == "stop"));
                }

                CryptographicOperations.ZeroMemory(encoded);
            }
        }

        if (answers.Count < 2)
        {
            return;
        }

        ReplicaResult result = ReplicaVote.Judge([.. answers.Select(static answer => (Convert.ToHexString(answer.Canary.Id), (IReadOnlyList<int>)answer.Ids, answer.Stopped))]);
        foreach ((CanaryRow canary, _, _) in answers)
        {
            // Two who differ say nothing of who is right, so that a vote takes three.
            bool isOutvoted = result.Majority is not null && answers.Count >= 3 && result.Outvoted.Contains(Convert.ToHexString(canary.Id));
            bool isVote = result.Majority is not null && answers.Count >= 3;
            DateTimeOffset now = clock.GetUtcNow();
            if (isVote)
            {
                NewOutcome outcome = weights.Weigh(canary.ManifestRoot, canary.Profile!, Test, 0, isOutvoted ? 1 : 0, !isOutvoted);
                state.AddOutcomes(canary.Epoch, canary.Node, canary.Id, now, new WorkEnd(WorkResult.Passed)
                {
                    Outcomes = [outcome],
                    Events = isOutvoted ? [new NewEvent(EventKind.Outvoted, "replica.ids", $"its token ids are not those of the majority of {answers.Count}", canary.Id)] : [],
                });
            }

            if ((isOutvoted || result.Majority is null || (!isVote && result.Outvoted.Count > 0)) && canary.EndedAt is { } ended)
            {
                TimeSpan left = ended + TimeSpan.FromSeconds(configuration.AuditWindowSeconds) - now;
                if (left > TimeSpan.FromSeconds(1))
                {
                    (DateTimeOffset due, DateTimeOffset deadline) = AuditTimes.Draw(now, left);
                    state.RequireAudit(canary.Id, "replica", due, deadline, configuration.DeepPpm > 0 ? 2 : 1);
                }
            }
        }
    }
}
