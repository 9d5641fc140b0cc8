namespace Verathos.Bench.Detection;

/// <summary>What is measured of one model.</summary>
public sealed record DetectionOptions
{
    /// <summary>A Hugging Face folder, a .gguf file, or random-135m.</summary>
    public required string Model { get; init; }

    /// <summary>Chooses prompts, draws, keys and positions: the same seed gives the same counts.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Answers of each attack; 0 chooses by the model's size.</summary>
    public int Count { get; init; }

    /// <summary>Honest openings; 0 chooses by the model's size.</summary>
    public long Openings { get; init; }

    /// <summary>Tries of forged sketches; 0 chooses by the model's size.</summary>
    public long Forgeries { get; init; }

    /// <summary>Only these attacks and none of the other parts; all where empty.</summary>
    public IReadOnlyList<string> Attacks { get; init; } = [];

    /// <summary>Answers that limits are measured on, of each condition; 0 chooses by the model's size.</summary>
    public int CalibrationAnswers { get; init; }

    /// <summary>How this program is started for honest runs under other conditions; empty leaves them out.</summary>
    public IReadOnlyList<string> WorkerCommand { get; init; } = [];

    /// <summary>Told what is measured and how many of how many steps are done.</summary>
    public Action<string, int, int>? Progress { get; init; }
}
