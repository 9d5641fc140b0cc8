using Verathos.GpuRuntime.Compute;

namespace Verathos.GpuRuntime.Models;

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>What fixes the bits of the results.</summary>
    public NumericProfile Profile { get; init; } = NumericProfile.Served;

    /// <summary>The most positions of a sequence; the model's own limit where not given or larger.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Threads for one forward pass.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether a small model gets several threads too, where they are slower; to prove that their number changes no bit.</summary>
    internal bool ExactThreads { get; init; }

    /// <summary>The name under which the model is published; the file's or folder's name where not given.</summary>
    public string? Name { get; init; }

    /// <summary>Measures the speed of each stage.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
