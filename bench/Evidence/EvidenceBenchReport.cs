namespace Verathos.Bench.Evidence;

/// <summary>Everything that the evidence bench measured.</summary>
/// <param name="Pairs">Interleaved pairs.</param>
/// <param name="Repeats">Verifications of each measurement.</param>
/// <param name="Peers">The peers with their versions.</param>
/// <param name="Rows">The figures.</param>
/// <param name="Goals">The figures that are meant to be reached.</param>
/// <param name="Skipped">Evidence that was not there.</param>
public sealed record EvidenceBenchReport(
    int Pairs, int Repeats, IReadOnlyList<string> Peers, IReadOnlyList<EvidenceRow> Rows, IReadOnlyList<EvidenceGoal> Goals, IReadOnlyList<string> Skipped)
{
    /// <summary>Whether every figure is reached.</summary>
    public bool Holds => Goals.All(static goal => goal.Holds);
}
