namespace Verathos.Bench.Tokenizers;

/// <summary>Everything that the tokenizers' bench found.</summary>
/// <param name="Seed">Chose the texts.</param>
/// <param name="Vocabularies">One row for each vocabulary and program.</param>
/// <param name="WorstCases">Texts that are worst for an encoder.</param>
/// <param name="Skipped">What could not be compared, and why.</param>
public sealed record TokenizerReport(int Seed, IReadOnlyList<TokenizerRow> Vocabularies, IReadOnlyList<WorstCaseRow> WorstCases, IReadOnlyList<string> Skipped)
{
    /// <summary>Whether nothing differs anywhere.</summary>
    public bool Holds => Vocabularies.Count > 0 && Vocabularies.All(static v => v.Holds);
}
