namespace Verathos.Host.Configuration;

/// <summary>How long answers can be opened, and how often. A client reads it in the node's evidence.</summary>
public sealed record OpeningsConfiguration
{
    /// <summary>How long what is needed to open an answer is kept after its receipt, in seconds.</summary>
    public int KeptSeconds { get; init; } = 600;

    /// <summary>The most answers that are kept; the oldest make room.</summary>
    public int KeptAnswers { get; init; } = 1024;

    /// <summary>The most memory of kept answers, in MiB; the oldest make room.</summary>
    public int KeptMebibytes { get; init; } = 256;

    /// <summary>The most openings of one receipt.</summary>
    public int PerReceipt { get; init; } = 64;

    /// <summary>The most openings a minute, of all receipts together.</summary>
    public int PerMinute { get; init; } = 600;
}
