using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;

namespace Verathos.Fingerprint.Openings;

/// <summary>What a layer's experts computed at one step. Elements are bfloat16 but for the router's.</summary>
public sealed record ExpertOpening
{
    /// <summary>The router's logits, binary32, one for each expert.</summary>
    public required float[] Router { get; init; }

    /// <summary>The experts that computed, ascending.</summary>
    public required int[] Chosen { get; init; }

    /// <summary>[chosen, width]: their gate projections' outputs.</summary>
    public required ushort[] Gates { get; init; }

    /// <summary>[chosen, width]: their up projections' outputs.</summary>
    public required ushort[] Ups { get; init; }

    /// <summary>[chosen, hidden]: their down projections' outputs.</summary>
    public required ushort[] Downs { get; init; }

    /// <summary>The gate of the expert that every token passes, binary32: one number, or none where there is no such expert.</summary>
    public float[] SharedLogit { get; init; } = [];

    /// <summary>That expert's gate projection's output.</summary>
    public ushort[] SharedGate { get; init; } = [];

    /// <summary>Its up projection's output.</summary>
    public ushort[] SharedUp { get; init; } = [];

    /// <summary>Its down projection's output.</summary>
    public ushort[] SharedDown { get; init; } = [];

    /// <summary>All elements in bfloat16, in their order.</summary>
    public ushort[][] Rows => [Gates, Ups, Downs, SharedGate, SharedUp, SharedDown];

    /// <summary>Whether all parts have the lengths that they must have and all numbers are finite.</summary>
    internal bool Fits(ExpertShape shape, int hidden)
    {
        (int inner, int shared) = (shape.PerToken * shape.IntermediateSize, shape.SharedIntermediateSize);
        return Router.Length == shape.Count && Chosen.Length == shape.PerToken && SharedLogit.Length == (shared > 0 ? 1 : 0)
            && Rows.Select(static row => row.Length).SequenceEqual([inner, inner, shape.PerToken * hidden, shared, shared, shared > 0 ? hidden : 0])
            && Array.TrueForAll(Router, float.IsFinite) && Array.TrueForAll(SharedLogit, float.IsFinite) && Array.TrueForAll(Rows, static row => BFloat16.AreFinite(row));
    }
}
