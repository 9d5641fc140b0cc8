namespace Verathos.Bench.Tokenizers;

/// <summary>A random text on which two tokenizers differ.</summary>
/// <param name="What">What differs.</param>
/// <param name="Text">The text.</param>
/// <param name="At">The first place at which the ids differ.</param>
/// <param name="Own">Ids from there on, at most eight.</param>
/// <param name="Peer">The other program's.</param>
public sealed record TokenizerDifference(string What, string Text, int At, IReadOnlyList<int> Own, IReadOnlyList<int> Peer);
