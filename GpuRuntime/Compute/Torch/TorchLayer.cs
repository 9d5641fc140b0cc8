using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch;

/// <summary>One block's weights.</summary>
/// <param name="InputNorm">[hidden], f32.</param>
/// <param name="QueryKeyValue">[queries + keys + values, hidden].</param>
/// <param name="AttentionOutput">[hidden, queries].</param>
/// <param name="FeedForwardNorm">[hidden], f32.</param>
/// <param name="GateUp">[2 intermediate, hidden].</param>
/// <param name="Down">[hidden, intermediate].</param>
internal sealed record TorchLayer(Tensor InputNorm, Tensor QueryKeyValue, Tensor AttentionOutput, Tensor FeedForwardNorm, Tensor GateUp, Tensor Down) : IDisposable
{
    public void Dispose()
    {
        InputNorm.Dispose();
        QueryKeyValue.Dispose();
        AttentionOutput.Dispose();
        FeedForwardNorm.Dispose();
        GateUp.Dispose();
        Down.Dispose();
    }
}
