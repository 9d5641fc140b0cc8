namespace Verathos.Bench.Architectures;

/// <summary>The comparison of every case.</summary>
/// <param name="Seed">Chose the weights and the prompts.</param>
/// <param name="Peer">What was compared with.</param>
/// <param name="Rows">The cases.</param>
public sealed record ReferenceReport(int Seed, string Peer, IReadOnlyList<ReferenceRow> Rows)
{
    /// <summary>Whether all passed.</summary>
    public bool Passed => Rows.Count > 0 && Rows.All(static row => row.Passed);
}
