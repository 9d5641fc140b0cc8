namespace Verathos.Host.Configuration;

/// <summary>How much the engine in the enclave does at once.</summary>
public sealed record EngineConfiguration
{
    /// <summary>Sequences that generate side by side, of all models together.</summary>
    public int MaxActive { get; init; } = 32;

    /// <summary>Requests that wait inside the enclave, for whichever model.</summary>
    public int Queue { get; init; } = 64;

    /// <summary>The most tokens of one answer.</summary>
    public int MaxOutputTokens { get; init; } = 4096;

    /// <summary>The longest prompt plus answer in tokens; a model's own limit when absent.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Memory for keys and values of all running requests together, in MiB; half of the free memory when absent.</summary>
    public int? KvMebibytes { get; init; }
}
