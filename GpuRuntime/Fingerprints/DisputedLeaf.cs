namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>Where a node's computation departs from a validator's.</summary>
/// <param name="Leaf">The layer; the number of layers for the logits.</param>
/// <param name="Part">What of it.</param>
public readonly record struct DisputedLeaf(int Leaf, DisputedPart Part);
