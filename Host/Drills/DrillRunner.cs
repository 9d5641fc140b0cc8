namespace Verathos.Host.Drills;

/// <summary>Tries drills one after the other.</summary>
internal static class DrillRunner
{
    /// <summary>Tries them and says what became of each.</summary>
    /// <param name="ground">Where.</param>
    /// <param name="drills">Which.</param>
    /// <param name="progress">Told how many are done, of how many.</param>
    /// <param name="cancellationToken">Stops after the one that runs.</param>
    public static async Task<IReadOnlyList<DrillResult>> RunAsync(
        DrillGround ground, IReadOnlyList<Drill> drills, Action<int, int> progress, CancellationToken cancellationToken)
    {
        List<DrillResult> results = [];
        foreach (Drill drill in drills)
        {
            results.Add(await TryAsync(ground, drill, cancellationToken).ConfigureAwait(false));
            progress(results.Count, drills.Count);
        }

        return results;
    }

    private static async Task<DrillResult> TryAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        if (ground.Misses(drill) is { } missing)
        {
            return new DrillResult(drill.Name, Tried: false, drill.Expected, RefusedBy: null, Passed: null) { Attack = drill.Attack, Detail = "not applicable: " + missing };
        }

        DrillOutcome outcome = await drill.RunAsync(ground, cancellationToken).ConfigureAwait(false);
        return new DrillResult(drill.Name, Tried: true, drill.Expected, outcome.RefusedBy, outcome.RefusedBy == drill.Expected)
        {
            By = outcome.RefusedBy is null ? null : outcome.By,
            Attack = drill.Attack,
            Detail = outcome.Detail,
        };
    }
}
