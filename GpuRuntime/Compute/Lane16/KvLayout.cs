namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Where keys and values lie in a page.</summary>
/// <param name="Layers">Transformer blocks.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="HeadStride">The padded width of a head.</param>
internal sealed record KvLayout(int Layers, int KvHeads, int HeadStride)
{
    /// <summary>Bytes of a page.</summary>
    public long PageBytes => Offset(Layers, 0, 0);

    /// <summary>Pages for a number of positions.</summary>
    public static int Pages(int positions) => (int)(((long)positions + Lane16Sequence.PagePositions - 1) / Lane16Sequence.PagePositions);

    /// <summary>The byte in a page where a head's keys (kind 0) or values (kind 1) begin.</summary>
    public long Offset(int layer, int kind, int head) =>
        (((((long)layer * 2) + kind) * KvHeads) + head) * Lane16Sequence.PagePositions * HeadStride * sizeof(ushort);
}
