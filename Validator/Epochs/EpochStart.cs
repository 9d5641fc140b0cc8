using System.Security.Cryptography;
using Verathos.Validator.Audits;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;
using Verathos.Validator.Nodes;
using Verathos.Validator.State;

namespace Verathos.Validator.Epochs;

/// <summary>Begins epochs: takes over the list of nodes, draws the seed and commits to it, and plans all work.</summary>
/// <param name="configuration">The settings.</param>
/// <param name="state">The state.</param>
/// <param name="directory">Where nodes are listed.</param>
/// <param name="source">Draws canaries.</param>
/// <param name="clock">The clock.</param>
/// <param name="log">Takes one line for the owner.</param>
public sealed class EpochStart(ValidatorConfiguration configuration, ValidatorState state, INodeDirectory directory, CanarySource source, TimeProvider clock, Action<string> log)
{
    /// <summary>Begins the next epoch.</summary>
    /// <param name="cancellationToken">Gives up before anything is written.</param>
    /// <returns>The epoch.</returns>
    public async Task<EpochRow> BeginAsync(CancellationToken cancellationToken)
    {
        long number = state.LatestEpoch + 1;
        await TakeOverAsync(number, cancellationToken).ConfigureAwait(false);
        DateTimeOffset start = clock.GetUtcNow();
        TimeSpan length = TimeSpan.FromSeconds(configuration.EpochSeconds);
        NodeRow[] listed = [.. state.Nodes().Where(static node => node.Listed)];
        EpochPlan plan = new(1, configuration.EpochSeconds, configuration.Canaries.Cohort, [.. listed.Where(static node => node.Status == NodeStatus.Active)
            .Select(node => new PlannedNode(node.Name, configuration.CanariesPerNode, ModelOf(node)))]);
        CanaryPlan canaries = Draw(source, number, plan, state.NextNumber, start);
        List<PlannedWork> work = [];
        foreach (NodeRow node in listed)
        {
            // The first challenge comes at once, so that nothing is sealed to a node that was never attested; the others at any time.
            for (int i = 0; i < configuration.ChallengesPerNode; i++)
            {
                work.Add(new PlannedWork(node.Name, i == 0 ? start : start + Random(length), null));
            }
        }

        for (int node = 0; node < plan.Nodes.Count; node++)
        {
            work.AddRange(canaries.Nodes[node].Select(canary => new PlannedWork(
                plan.Nodes[node].Name,
                canary.Turn == 0 ? start + canary.At : null,
                new PlannedCanary(RandomNumberGenerator.GetBytes(16), canary.Ordinal, canary.Number, canary.Turn, canary.Think, canary.Group))));
        }

        byte[] seed = GC.AllocateArray<byte>(AuditSeed.Size, pinned: true);
        RandomNumberGenerator.Fill(seed);
        state.BeginEpoch(number, seed, AuditSeed.Commit(number, seed), plan.ToJson(), canaries.NextNumber, start, start + length, work);
        CryptographicOperations.ZeroMemory(seed);
        return state.Epoch(number)!;
    }

    // A list that cannot be read leaves the nodes as they are: half of a list would punish the other half.
    private async Task TakeOverAsync(long number, CancellationToken cancellationToken)
    {
        try
        {
            state.TakeOver(await directory.ListAsync(cancellationToken).ConfigureAwait(false), number, configuration.FreshEpochs);
        }
        catch (Exception e) when (number > 1 && (e is InvalidDataException or IOException or UnauthorizedAccessException))
        {
            log($"the list of nodes stays as it was: {e.Message}");
        }
    }

    /// <summary>Draws an epoch's canaries, the same each time.</summary>
    public static CanaryPlan Draw(CanarySource source, long epoch, EpochPlan plan, long firstNumber, DateTimeOffset start)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(plan);
        return source.Plan(epoch, [.. plan.Nodes.Select(static node => new CanarySlot(node.Count, node.Model))], firstNumber, start, TimeSpan.FromSeconds(plan.Seconds), plan.Cohort);
    }

    private static string ModelOf(NodeRow node) => node.ManifestRoot is { } root ? $"{Convert.ToHexStringLower(root)}/{node.Profile}" : "";

    private static TimeSpan Random(TimeSpan below) => TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(Math.Max(1, (int)Math.Min(int.MaxValue, below.TotalMilliseconds))));
}
