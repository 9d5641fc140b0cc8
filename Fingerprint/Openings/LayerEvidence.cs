namespace Verathos.Fingerprint.Openings;

/// <summary>All that a node shows of one layer at one step.</summary>
/// <param name="Step">The step's leaves.</param>
/// <param name="Layer">What the layer computed between them.</param>
/// <param name="Embedding">The input's row.</param>
/// <param name="Previous">The layer's leaf of the step before; null at the first step.</param>
/// <param name="Earlier">The layer's leaf of the plan's earlier step.</param>
public sealed record LayerEvidence(StepOpening Step, LayerOpening Layer, OpenedRow Embedding, LeafProof? Previous, LeafProof Earlier);
