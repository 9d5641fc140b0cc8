using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch;

/// <summary>One block's weights. Norms are f32.</summary>
internal sealed record TorchLayer
{
    /// <summary>[hidden].</summary>
    public required Tensor InputNorm { get; init; }

    /// <summary>[queries + keys + values, hidden].</summary>
    public required Tensor QueryKeyValue { get; init; }

    /// <summary>[queries + keys + values], or null.</summary>
    public required Tensor? Bias { get; init; }

    /// <summary>[head size], or null.</summary>
    public required Tensor? QueryNorm { get; init; }

    /// <summary>[head size], or null.</summary>
    public required Tensor? KeyNorm { get; init; }

    /// <summary>[hidden, queries].</summary>
    public required Tensor AttentionOutput { get; init; }

    /// <summary>[hidden].</summary>
    public required Tensor FeedForwardNorm { get; init; }

    /// <summary>Null where <see cref="Experts"/> take its place.</summary>
    public required TorchFeedForward? FeedForward { get; init; }

    public required TorchExperts? Experts { get; init; }
}
