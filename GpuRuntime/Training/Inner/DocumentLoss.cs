namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>The loss of a document or of a batch.</summary>
/// <param name="Sum">Sum in nats over the learned tokens.</param>
/// <param name="Tokens">Learned tokens; 0 where there is nothing to learn.</param>
public readonly record struct DocumentLoss(double Sum, int Tokens)
{
    /// <summary>Nats a learned token; not a number without any.</summary>
    public double Mean => Sum / Tokens;
}
