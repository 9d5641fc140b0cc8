namespace Verathos.Bench.Architectures;

/// <summary>A profile beside llama.cpp's kept answers.</summary>
/// <param name="Profile">The profile's identifier.</param>
/// <param name="Peer">Who answered.</param>
/// <param name="Seed">Chose the weights and the prompts.</param>
/// <param name="Rows">The cases.</param>
public sealed record KeptReport(string Profile, string Peer, int Seed, IReadOnlyList<KeptRow> Rows)
{
    /// <summary>Whether every difference is within its case's tolerance.</summary>
    public bool Within => Rows.Count > 0 && Rows.All(static row => row.Difference <= row.Tolerance);
}
