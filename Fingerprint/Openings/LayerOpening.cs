using Verathos.Fingerprint.Numerics;

namespace Verathos.Fingerprint.Openings;

/// <summary>What a layer computed at one step between its committed parts, and all keys and values that one head attended to. Elements are bfloat16.</summary>
public sealed record LayerOpening
{
    /// <summary>32 bytes for each key and value head: the chains before this step.</summary>
    public required byte[] PreviousLinks { get; init; }

    /// <summary>The query projection's output, before norm and turn.</summary>
    public required ushort[] Query { get; init; }

    /// <summary>The key projection's output, before norm and turn.</summary>
    public required ushort[] Key { get; init; }

    /// <summary>The value projection's output.</summary>
    public required ushort[] Value { get; init; }

    /// <summary>What the output projection read: [query heads, head].</summary>
    public required ushort[] Attended { get; init; }

    /// <summary>The gate projection's output; empty where the model has experts.</summary>
    public required ushort[] Gate { get; init; }

    /// <summary>The up projection's output; empty where the model has experts.</summary>
    public required ushort[] Up { get; init; }

    /// <summary>What the layer's experts computed; null where the model has none.</summary>
    public ExpertOpening? Experts { get; init; }

    /// <summary>32 bytes: what the opened head's chain begins with.</summary>
    public required byte[] ChainSalt { get; init; }

    /// <summary>[positions up to this step, head]: the opened head's keys.</summary>
    public required ushort[] HeadKeys { get; init; }

    /// <summary>[positions up to this step, head]: its values.</summary>
    public required ushort[] HeadValues { get; init; }

    /// <summary>Whether all parts have the lengths that they must have and all numbers are finite.</summary>
    internal bool Fits(Keys.ModelConstants model, long position)
    {
        (int kv, int head) = (model.Shape.KvHeads * model.Shape.HeadSize, model.Shape.HeadSize);
        int inner = model.Experts is null ? model.IntermediateSize : 0;
        return PreviousLinks.Length == model.Shape.KvHeads * Trace.TraceHash.Size && ChainSalt.Length == Trace.TraceSalts.Size
            && Query.Length == model.Heads * head && Key.Length == kv && Value.Length == kv && Attended.Length == model.Heads * head
            && Gate.Length == inner && Up.Length == inner
            && (model.Experts is { } shape ? Experts?.Fits(shape, model.Shape.HiddenSize) == true : Experts is null)
            && HeadKeys.LongLength == (position + 1) * head && HeadValues.LongLength == (position + 1) * head
            && BFloat16.AreFinite(Query) && BFloat16.AreFinite(Key) && BFloat16.AreFinite(Value) && BFloat16.AreFinite(Attended)
            && BFloat16.AreFinite(Gate) && BFloat16.AreFinite(Up) && BFloat16.AreFinite(HeadKeys) && BFloat16.AreFinite(HeadValues);
    }
}
