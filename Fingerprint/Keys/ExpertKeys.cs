namespace Verathos.Fingerprint.Keys;

/// <summary>
/// A validator's keys of one layer's experts. The router's key and the shared gate's hold all of their rows, so that the choice of
/// experts is computed again exactly. Keys may be held of some experts only, which nobody else knows: the others are not judged.
/// </summary>
public sealed class ExpertKeys : IDisposable
{
    /// <summary>Joins keys, which it takes over.</summary>
    /// <param name="router">Of all experts' logits.</param>
    /// <param name="experts">The keyed ones by their numbers.</param>
    /// <param name="shared">Of the expert that every token passes, or null.</param>
    /// <param name="sharedGate">Of its gate, or null.</param>
    public ExpertKeys(MatrixKey router, IReadOnlyDictionary<int, FeedForwardKey> experts, FeedForwardKey? shared = null, MatrixKey? sharedGate = null) =>
        (Router, Experts, Shared, SharedGate) = (router, experts, shared, sharedGate);

    /// <summary>Of all experts' logits.</summary>
    public MatrixKey Router { get; }

    /// <summary>The keyed experts by their numbers.</summary>
    public IReadOnlyDictionary<int, FeedForwardKey> Experts { get; }

    /// <summary>Of the expert that every token passes, or null.</summary>
    public FeedForwardKey? Shared { get; }

    /// <summary>Of its gate, or null.</summary>
    public MatrixKey? SharedGate { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Router.Dispose();
        Shared?.Dispose();
        SharedGate?.Dispose();
        foreach (FeedForwardKey expert in Experts.Values)
        {
            expert.Dispose();
        }
    }

    /// <summary>Whether the keys are those of a layer.</summary>
    internal bool Fits(ExpertShape shape, int hidden) =>
        (Router.Rows, Router.Columns, Router.SecretRows, Router.HasBias) == (shape.Count, hidden, shape.Count, false)
        && Experts.Count > 0 && Experts.All(expert => (uint)expert.Key < (uint)shape.Count && expert.Value.Fits(hidden, shape.IntermediateSize))
        && (shape.SharedIntermediateSize == 0
            ? Shared is null && SharedGate is null
            : Shared is { } shared && shared.Fits(hidden, shape.SharedIntermediateSize)
                && SharedGate is { HasBias: false } gate && (gate.Rows, gate.Columns, gate.SecretRows) == (1, hidden, 1));
}
