namespace Verathos.Bench.Engine;

/// <summary>The prompts of one measure, and what their times say.</summary>
/// <param name="Measure">The measure.</param>
/// <param name="Concurrent">Prompts at once.</param>
/// <param name="PromptTokens">Tokens of each.</param>
/// <param name="Tokens">Tokens of each answer.</param>
internal sealed record EngineWorkload(EngineMeasure Measure, int Concurrent, int PromptTokens, int Tokens)
{
    // The first ids of both vocabularies are special tokens and bytes.
    private const int FirstWord = 259;

    /// <summary>The measures of a model.</summary>
    /// <param name="context">The model's positions.</param>
    public static IReadOnlyList<EngineWorkload> All(int context) =>
    [
        new(EngineMeasure.FirstToken, 1, 32, 1),
        new(EngineMeasure.Prefill, 1, Math.Min(512, context / 2), 1),
        new(EngineMeasure.Decode, 1, 16, 64),
        new(EngineMeasure.At8, 8, 32, 48),
        new(EngineMeasure.At32, 32, 32, 32),
    ];

    /// <summary>Random prompts.</summary>
    public int[][] Prompts(Random random, int vocabulary) =>
        [.. Enumerable.Range(0, Concurrent).Select(_ => Enumerable.Range(0, PromptTokens).Select(_ => random.Next(FirstWord, vocabulary)).ToArray())];

    /// <summary>The figure: a time for the first token, otherwise a rate.</summary>
    public double Figure(EngineTimes times) => Measure switch
    {
        EngineMeasure.FirstToken => times.First[0],
        EngineMeasure.Prefill => PromptTokens * 1000 / times.First[0],
        EngineMeasure.Decode => (times.Counts[0] - 1) * 1000 / (times.Last[0] - times.First[0]),
        _ => times.Counts.Sum() * 1000 / times.Last.Max(),
    };

    /// <summary>Whether no answer ended early.</summary>
    public bool IsWhole(EngineTimes times) => times.Counts.All(count => count == Tokens);
}
