namespace Verathos.Training.Judging;

/// <summary>What a model loses on one document.</summary>
/// <param name="Sum">The sum over its tokens, in nats.</param>
/// <param name="Tokens">Tokens that count; at least 1.</param>
public readonly record struct DocumentLoss(double Sum, int Tokens)
{
    /// <summary>Nats per token.</summary>
    public double Mean => Sum / Tokens;
}
