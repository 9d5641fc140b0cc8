namespace Verathos.Bench.Tokenizers;

/// <summary>How long the text takes that is worst for an encoder.</summary>
/// <param name="Vocabulary">The vocabulary.</param>
/// <param name="Text">What the text is made of.</param>
/// <param name="Milliseconds">For 100,000 characters, the median of five.</param>
/// <param name="FourfoldMilliseconds">For 400,000; about four times as long where the time is linear, sixteen times where it is quadratic.</param>
public sealed record WorstCaseRow(string Vocabulary, string Text, double Milliseconds, double FourfoldMilliseconds);
