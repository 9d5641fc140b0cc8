using Verathos.GpuRuntime.Fingerprints;

namespace Verathos.Bench.Detection;

/// <summary>How much is measured, by a model's size.</summary>
internal sealed record DetectionSize
{
    public required int Answers { get; init; }

    public required int PromptTokens { get; init; }

    public required int AnswerTokens { get; init; }

    public required int OpeningsPerAnswer { get; init; }

    public required long Openings { get; init; }

    public required long Forgeries { get; init; }

    public required int CalibrationAnswers { get; init; }

    /// <summary>Whether the model continues text, so that it can write its own prompts.</summary>
    public required bool Natural { get; init; }

    public static DetectionSize Of(DetectionOptions options)
    {
        bool random = options.Model.StartsWith("random", StringComparison.Ordinal);
        long bytes = random ? long.MaxValue : Directory.Exists(options.Model) ? new DirectoryInfo(options.Model).EnumerateFiles().Sum(static file => file.Length) : new FileInfo(options.Model).Length;
        DetectionSize size = bytes switch
        {
            < 1_500_000 => new() { Answers = 16, PromptTokens = 24, AnswerTokens = 64, OpeningsPerAnswer = 25, Openings = 720_000, Forgeries = 2_500_000, CalibrationAnswers = 40, Natural = true },
            < 50_000_000 => new() { Answers = 12, PromptTokens = 24, AnswerTokens = 64, OpeningsPerAnswer = 25, Openings = 240_000, Forgeries = 600_000, CalibrationAnswers = 24, Natural = true },
            _ => new() { Answers = 2, PromptTokens = 16, AnswerTokens = 40, OpeningsPerAnswer = 50, Openings = 50_000, Forgeries = 20_000, CalibrationAnswers = 2, Natural = !random },
        };
        return size with
        {
            Answers = options.Count > 0 ? options.Count : size.Answers,
            Openings = options.Openings > 0 ? options.Openings : size.Openings,
            Forgeries = options.Forgeries > 0 ? options.Forgeries : size.Forgeries,
            CalibrationAnswers = options.CalibrationAnswers > 0 ? options.CalibrationAnswers : size.CalibrationAnswers,
        };
    }

    public CalibrationOptions Calibration(int seed) => new() { Seed = seed, Answers = CalibrationAnswers, PromptTokens = PromptTokens, AnswerTokens = AnswerTokens, Products = 40 };
}
