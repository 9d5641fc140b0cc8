namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// Sees what a pass computes, or changes it: replays collect streams by it, and measurements make a node compute something else. All
/// rows of a pass are there at once, through the backend's accessors. A backend without a hook compares with null and does nothing.
/// </summary>
internal abstract class ForwardHook
{
    /// <summary>The layer's queries, keys and values are projected, not yet biased, normed or turned.</summary>
    public virtual void AfterProjection(Lane16Backend backend, int layer)
    {
    }

    /// <summary>The rows' keys and values lie in their sequences, and attention is about to read them.</summary>
    public virtual void AfterKeys(Lane16Backend backend, int layer)
    {
    }

    /// <summary>The layer's attention is through its output projection.</summary>
    public virtual void AfterAttention(Lane16Backend backend, int layer)
    {
    }

    /// <summary>The layer's down projection is done, and nothing of the layer is committed yet.</summary>
    public virtual void AfterFeedForward(Lane16Backend backend, int layer)
    {
    }

    /// <summary>The layer is in the stream, and the stream is normed for what comes next.</summary>
    public virtual void AfterLayer(Lane16Backend backend, int layer)
    {
    }

    /// <summary>Logits of some rows are there and not yet committed.</summary>
    /// <param name="backend">Whose.</param>
    /// <param name="firstRow">The pass's row that the first logits belong to.</param>
    /// <param name="logits">[rows from there on, vocabulary].</param>
    public virtual void AfterLogits(Lane16Backend backend, int firstRow, Span<float> logits)
    {
    }
}
