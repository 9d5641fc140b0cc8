namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>The tables of a byte-pair vocabulary, whatever file they came from.</summary>
/// <param name="Ids">Ids by the token's text, in the byte-level alphabet where the vocabulary is made of bytes. Added tokens are not among them.</param>
/// <param name="Merges">The pairs that merge, the lowest rank first.</param>
/// <param name="FirstMergeCounts">Which of two equal merges gives the rank: the first, or the last.</param>
/// <param name="IgnoresMerges">Whether a piece that is a token becomes that token whatever the merges say.</param>
internal sealed record BytePairVocabulary(
    IReadOnlyDictionary<string, int> Ids,
    IReadOnlyList<(string Left, string Right)> Merges,
    bool FirstMergeCounts,
    bool IgnoresMerges);
