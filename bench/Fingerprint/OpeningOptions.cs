namespace Verathos.Bench.Fingerprint;

/// <summary>Whose openings are judged.</summary>
public sealed record OpeningOptions
{
    /// <summary>A Hugging Face folder or a .gguf file, without experts.</summary>
    public required string Model { get; init; }

    /// <summary>Chooses prompts and what is opened.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Answers of each kind of weights.</summary>
    public int Answers { get; init; } = 20;

    /// <summary>Openings of each answer.</summary>
    public int Openings { get; init; } = 10;

    /// <summary>Told how many of how many answers are done.</summary>
    public Action<int, int>? Progress { get; init; }
}
