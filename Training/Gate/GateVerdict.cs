namespace Verathos.Training.Gate;

/// <summary>What the gate says of one contribution.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Outcome">What was found first.</param>
/// <param name="Detail">The parser's error, the tensor, or the peer; null where there is no more to say.</param>
/// <param name="Gradient">The decoded gradient; null unless accepted.</param>
public sealed record GateVerdict(WorkerKey Worker, GateOutcome Outcome, string? Detail, SparseVector? Gradient)
{
    /// <summary>True only if nothing is wrong.</summary>
    public bool IsAccepted => Outcome == GateOutcome.Accepted;
}
