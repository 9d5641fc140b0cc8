namespace Verathos.Bench.Evidence;

/// <summary>What the evidence bench does.</summary>
public sealed record EvidenceBenchOptions
{
    /// <summary>bench/reference with its installed packages.</summary>
    public required string Reference { get; init; }

    /// <summary>The folder of recorded evidence; what is not there is left out, and the report says so.</summary>
    public required string Vectors { get; init; }

    /// <summary>Interleaved pairs of each kind of evidence.</summary>
    public int Pairs { get; init; } = 60;

    /// <summary>Verifications of each measurement.</summary>
    public int Repeats { get; init; } = 5;

    /// <summary>Hears what is being done.</summary>
    public Action<string> Progress { get; init; } = static _ => { };
}
