namespace Verathos.Bench.Tokenizers;

/// <summary>What the tokenizers' bench compares.</summary>
public sealed record TokenizerBenchOptions
{
    /// <summary>bench/reference with its packages.</summary>
    public required string Reference { get; init; }

    /// <summary>A folder with further models (smollm2-tokenizer, stories260K.gguf); those that are missing are left out.</summary>
    public string? Models { get; init; }

    /// <summary>Further tokenizer.json files to compare.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Chooses the texts.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Texts for each vocabulary.</summary>
    public int Count { get; init; } = 1000;

    /// <summary>Interleaved pairs of the speed ratio.</summary>
    public int Pairs { get; init; } = 5;

    /// <summary>Whether the texts that are worst for an encoder are timed.</summary>
    public bool WorstCases { get; init; } = true;

    /// <summary>Told what is being done.</summary>
    public Action<string>? Progress { get; init; }
}
