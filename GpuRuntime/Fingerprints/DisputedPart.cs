namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>What of a leaf differs.</summary>
public enum DisputedPart
{
    /// <summary>The token that the step read.</summary>
    Input = 0,

    /// <summary>The links over the layer's keys and values.</summary>
    KeysAndValues,

    /// <summary>What attention's output projection gave.</summary>
    AttentionOutput,

    /// <summary>What the down projection gave.</summary>
    DownOutput,

    /// <summary>The logits.</summary>
    Logits,

    /// <summary>The leaves' salts alone, which follow from the receipt's secret.</summary>
    Salts,
}
