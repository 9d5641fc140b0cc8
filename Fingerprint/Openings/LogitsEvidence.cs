namespace Verathos.Fingerprint.Openings;

/// <summary>All that a node shows of one step's logits.</summary>
/// <param name="Step">The step's leaves, logits among them.</param>
/// <param name="Embedding">The input's row.</param>
/// <param name="OutputRows">The output matrix's rows of the next token and of the twenty highest logits, each once.</param>
public sealed record LogitsEvidence(StepOpening Step, OpenedRow Embedding, IReadOnlyList<OpenedRow> OutputRows);
