using Verathos.GpuRuntime.Compute;

namespace Verathos.GpuRuntime.Models;

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>What fixes the bits of the results.</summary>
    public NumericProfile Profile { get; init; } = NumericProfile.Served;

    /// <summary>
    /// Folders of LoRA adapters as PEFT saves them; each is added to the private copy of the weights, in this order, in binary32,
    /// before weights are rounded as the profile says.
    /// </summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>The most positions of a sequence; the model's own limit where not given or larger.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Threads for one forward pass.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether a small model gets several threads too, where they are slower; to prove that their number changes no bit.</summary>
    internal bool ExactThreads { get; init; }

    /// <summary>The name under which the model is published; where not given the file's or folder's name, and after a plus sign each adapter's.</summary>
    public string? Name { get; init; }

    /// <summary>Measures the speed of each stage.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
