namespace Verathos.Bench.Engine;

/// <summary>What the engine's bench measures, and how long.</summary>
public sealed record EngineBenchOptions
{
    /// <summary>The program and arguments that start <see cref="EngineWorker"/> as a process.</summary>
    public required IReadOnlyList<string> WorkerCommand { get; init; }

    /// <summary>bench/reference with its installed packages.</summary>
    public required string Reference { get; init; }

    /// <summary>The folder with stories260K.gguf.</summary>
    public required string Models { get; init; }

    /// <summary>Interleaved rounds of each measure; each gives one pair.</summary>
    public int Pairs { get; init; } = 9;

    /// <summary>After this many seconds a measure begins no further round, once it has three; a quarter of it ends warming up.</summary>
    public double Seconds { get; init; } = 30;

    /// <summary>Threads of each contestant's forward pass.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>The models to measure: bf16, q8_0, stories260k. All where empty.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Told what is being measured.</summary>
    public Action<string>? Progress { get; init; }
}
