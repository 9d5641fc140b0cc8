using TorchSharp;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch;

/// <summary>A feed-forward part, or one expert.</summary>
/// <param name="GateUp">[2 intermediate, hidden].</param>
/// <param name="Down">[hidden, intermediate].</param>
internal sealed record TorchFeedForward(Tensor GateUp, Tensor Down)
{
    /// <summary>down(silu(gate(x)) up(x)).</summary>
    public Tensor Run(Tensor x)
    {
        Tensor both = nn.functional.linear(x, GateUp);
        long width = Down.shape[1];
        return nn.functional.linear(nn.functional.silu(both.narrow(1, 0, width)).mul_(both.narrow(1, width, width)), Down);
    }
}
