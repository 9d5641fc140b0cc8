using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>Several hooks, one after another.</summary>
/// <param name="hooks">In their order.</param>
internal sealed class HookChain(params ForwardHook[] hooks) : ForwardHook
{
    public override void AfterProjection(Lane16Backend backend, int layer) => Array.ForEach(hooks, hook => hook.AfterProjection(backend, layer));

    public override void AfterKeys(Lane16Backend backend, int layer) => Array.ForEach(hooks, hook => hook.AfterKeys(backend, layer));

    public override void AfterAttention(Lane16Backend backend, int layer) => Array.ForEach(hooks, hook => hook.AfterAttention(backend, layer));

    public override void AfterFeedForward(Lane16Backend backend, int layer) => Array.ForEach(hooks, hook => hook.AfterFeedForward(backend, layer));

    public override void AfterLayer(Lane16Backend backend, int layer) => Array.ForEach(hooks, hook => hook.AfterLayer(backend, layer));

    public override void AfterLogits(Lane16Backend backend, int firstRow, Span<float> logits)
    {
        foreach (ForwardHook hook in hooks)
        {
            hook.AfterLogits(backend, firstRow, logits);
        }
    }
}
