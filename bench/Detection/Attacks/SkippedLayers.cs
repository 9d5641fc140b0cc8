using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>Layers that add nothing to the stream: the node leaves them out and commits noughts in their place.</summary>
/// <param name="skips">Which.</param>
internal sealed class SkippedLayers(Func<int, bool> skips) : ForwardHook
{
    public override void AfterProjection(Lane16Backend backend, int layer)
    {
        int width = (backend.Config.Heads + (2 * backend.Config.KvHeads)) * backend.Config.HeadSize;
        for (int row = 0; skips(layer) && row < backend.Rows; row++)
        {
            backend.Projected(row, width).Clear();
        }
    }

    public override void AfterAttention(Lane16Backend backend, int layer) => Clear(backend, layer);

    public override void AfterFeedForward(Lane16Backend backend, int layer) => Clear(backend, layer);

    private void Clear(Lane16Backend backend, int layer)
    {
        for (int row = 0; skips(layer) && row < backend.Rows; row++)
        {
            backend.Added(row).Clear();
        }
    }
}
