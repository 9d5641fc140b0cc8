using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;
using Verathos.Validator.Keys;
using Verathos.Validator.Scores;
using Verathos.Validator.State;
using Verathos.Validator.Verdicts;

namespace Verathos.Validator.Epochs;

/// <summary>Closes epochs: the last votes, own outages, bans, scores, the seed's reveal, and the end of the epoch's keys. Each part may be done again after a restart.</summary>
/// <param name="folder">The validator's folder.</param>
/// <param name="state">The state.</param>
/// <param name="replicas">Votes.</param>
/// <param name="verdicts">Bans.</param>
/// <param name="texts">Forgets the epoch's texts.</param>
/// <param name="keys">Retires the epoch's keys.</param>
/// <param name="clock">The clock.</param>
public sealed class EpochClose(ValidatorFolder folder, ValidatorState state, ReplicaCheck replicas, VerdictExchange verdicts, CanaryTexts texts, KeyRing keys, TimeProvider clock)
{
    /// <summary>Closes an epoch whose work has ended, unless a last vote asks for more.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <returns>What to tell the owner; null where the epoch goes on.</returns>
    public string? Close(long epoch)
    {
        replicas.Vote(epoch);
        if (state.OpenWork(epoch) > 0)
        {
            return null;
        }

        int excused = OwnOutage.Excuse(state, epoch);
        IReadOnlyList<string> banned = verdicts.Close(epoch);
        AuditReveal reveal = AuditReveal.Of(state, epoch);
        string path = RevealPath(folder, epoch);
        File.WriteAllBytes(path + ".partial", reveal.ToJson());
        state.EndEpoch(epoch, clock.GetUtcNow(), EpochScores.Compute(state, epoch, folder.Configuration.Scoring));

        // The seed is shown only when nothing more follows from it.
        File.Move(path + ".partial", path, overwrite: true);
        keys.Retire(epoch);
        texts.Forget(epoch);
        IReadOnlyList<CanaryRow> canaries = state.Canaries(epoch);
        int moved = canaries.Count(static canary => canary.Moved > 0);
        int late = canaries.Count(static canary => canary is { State: WorkState.Skipped, Reason: "validator.late" });
        int audited = reveal.Nodes.Sum(static node => node.Receipts.Count(static receipt => receipt.Audited));
        int skipped = reveal.Nodes.Sum(static node => node.Receipts.Count(static receipt => !receipt.Audited));
        string[] failed = [.. reveal.Nodes.Where(static node => !node.Passed).Select(static node => node.Name)];
        return $"epoch {epoch} is closed: {audited} receipts audited, {skipped} skipped; "
            + $"{(failed.Length == 0 ? "no proof failed" : "caught or banned: " + string.Join(", ", failed))}{(banned.Count == 0 ? "" : "; banned: " + string.Join(", ", banned))}"
            + $"{(excused == 0 ? "" : $"; {excused} calls failed in an outage of this validator's own network")}"
            + $"{(moved == 0 ? "" : $"; {moved} canaries were late and given another time")}{(late == 0 ? "" : $"; {late} were left out, too late by this validator's own doing")}; seed {reveal.Seed}";
    }

    /// <summary>Writes reveals that a process left that ended between closing and revealing.</summary>
    public void Recover()
    {
        foreach (EpochRow epoch in state.Epochs().Where(epoch => epoch.EndedAt is not null && !File.Exists(RevealPath(folder, epoch.Number))))
        {
            File.WriteAllBytes(RevealPath(folder, epoch.Number), AuditReveal.Of(state, epoch.Number).ToJson());
            keys.Retire(epoch.Number);
        }
    }

    /// <summary>The path of an epoch's reveal.</summary>
    public static string RevealPath(ValidatorFolder folder, long epoch)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Path.Combine(folder.RevealsFolder, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"epoch-{epoch}.json"));
    }
}
