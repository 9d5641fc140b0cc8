using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Architectures;

/// <summary>A small random model that is compared with llama.cpp.</summary>
/// <param name="Name">What it stands for.</param>
/// <param name="Config">Its shape.</param>
public sealed record ReferenceCase(string Name, ModelConfig Config)
{
    /// <summary>How matrices are stored.</summary>
    public TensorType Matrices { get; init; } = TensorType.F32;

    /// <summary>How the embedding is stored; llama.cpp reads its rows without rounding activations, so that this comparison is exact.</summary>
    public TensorType Embedding { get; init; } = TensorType.F32;

    /// <summary>
    /// The most that the logarithm of a probability may differ from llama.cpp's in the profile f32. llama.cpp rounds activations
    /// to the type of quantised and 16-bit matrices, which f32 does not.
    /// </summary>
    public double Tolerance { get; init; } = 5e-5;

    /// <summary>
    /// Whether llama.cpp is asked with the last <see cref="ModelConfig.SlidingWindow"/> ids only. It knows no window in the
    /// architecture llama; in a model of one layer the last position sees exactly those.
    /// </summary>
    public bool WindowByHand { get; init; }
}
