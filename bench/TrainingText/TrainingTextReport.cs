namespace Verathos.Bench.TrainingText;

/// <summary>What came of training on real text with many workers, beside one machine alone.</summary>
public sealed record TrainingTextReport
{
    /// <summary>The most that the workers' final loss may lie above the plain run's.</summary>
    public const double MostAbove = 0.03;

    /// <summary>The least by which the loss must fall from its start.</summary>
    public const double LeastFall = 0.30;

    /// <summary>Chose everything.</summary>
    public required int Seed { get; init; }

    /// <summary>Workers.</summary>
    public required int Workers { get; init; }

    /// <summary>Rounds.</summary>
    public required int Rounds { get; init; }

    /// <summary>Inner steps of a round.</summary>
    public required int InnerSteps { get; init; }

    /// <summary>Rows of a worker's inner step.</summary>
    public required int Rows { get; init; }

    /// <summary>Tokens of the vocabulary.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Weights of the model.</summary>
    public required int Parameters { get; init; }

    /// <summary>Characters of the text.</summary>
    public required long Characters { get; init; }

    /// <summary>Tokens that can be assigned.</summary>
    public required long CorpusTokens { get; init; }

    /// <summary>Tokens of the final loss.</summary>
    public required int FinalTokens { get; init; }

    /// <summary>Learned tokens of all workers in all steps.</summary>
    public required long TrainedTokens { get; init; }

    /// <summary>Learned tokens of the plain run.</summary>
    public required long PlainTokens { get; init; }

    /// <summary>Held-out loss before any step, nats a token.</summary>
    public required double Start { get; init; }

    /// <summary>Held-out loss of the workers' model after the last round.</summary>
    public required double Final { get; init; }

    /// <summary>Held-out loss of the plain run's model after its last step.</summary>
    public required double Plain { get; init; }

    /// <summary>
    /// Held-out loss of a plain run on as many tokens whose steps have the rows of one worker only, and are as many more: what one machine
    /// alone could do that workers side by side cannot, whatever they send. Not what the bound is about.
    /// </summary>
    public required double SmallSteps { get; init; }

    /// <summary>Its learned tokens.</summary>
    public required long SmallStepsTokens { get; init; }

    /// <summary>Bytes of a worker's contribution.</summary>
    public required int ContributionBytes { get; init; }

    /// <summary>By how many times it is smaller than the gradient in binary32.</summary>
    public required double Compression { get; init; }

    /// <summary>Contributions that were not taken, by why.</summary>
    public required IReadOnlyDictionary<string, int> NotTaken { get; init; }

    /// <summary>The numeric profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Seconds of the workers' run, judge included.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seconds of the plain run.</summary>
    public required double PlainSeconds { get; init; }

    /// <summary>The workers' final loss by the plain run's, less 1.</summary>
    public double Above => (Final / Plain) - 1;

    /// <summary>The share of the start by which the loss fell.</summary>
    public double Fall => 1 - (Final / Start);

    /// <summary>Whether both bounds hold.</summary>
    public bool Passed => Above <= MostAbove && Fall >= LeastFall;
}
