namespace Verathos.Bench.Mutation;

/// <summary>One run, or several added up.</summary>
/// <param name="Seeds">The seeds of the runs.</param>
/// <param name="All">Whether every covered bit was flipped once.</param>
/// <param name="Rows">The subjects.</param>
/// <param name="Growth">The parsers' costs by length.</param>
public sealed record MutationReport(IReadOnlyList<int> Seeds, bool All, IReadOnlyList<MutationRow> Rows, IReadOnlyList<GrowthRow> Growth)
{
    /// <summary>Changes tried in all.</summary>
    public long Mutations => Rows.Sum(static row => row.Mutations);

    /// <summary>Whether everything is as it must be.</summary>
    public bool Holds => Rows.All(static row => row.Holds) && Growth.All(static row => row.Holds);

    /// <summary>Adds runs up, subject by subject.</summary>
    public static MutationReport Sum(IReadOnlyList<MutationReport> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return new MutationReport(
            [.. runs.SelectMany(static run => run.Seeds)],
            runs.Any(static run => run.All),
            [.. runs.SelectMany(static run => run.Rows).GroupBy(static row => (row.Name, row.IsParser)).Select(static group => group.Aggregate(MutationRow.Add))],
            [.. runs.SelectMany(static run => run.Growth).GroupBy(static row => row.Name).Select(static group => group.Last())]);
    }
}
