using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Training.Rounds;

/// <summary>What a round came to.</summary>
/// <param name="Round">The round.</param>
/// <param name="Contributions">In the order of the workers' keys.</param>
/// <param name="Uncommitted">Members that did not commit in time, in the same order.</param>
/// <param name="Unrevealed">Members that committed and did not reveal in time.</param>
public sealed record RoundResult(ulong Round, IReadOnlyList<RoundContribution> Contributions, IReadOnlyList<WorkerKey> Uncommitted, IReadOnlyList<WorkerKey> Unrevealed)
{
    /// <summary>The validator's word on it; null where the round has no validators, or none has spoken yet.</summary>
    public RoundOutcome? Outcome { get; init; }

    /// <summary>
    /// SHA-256 over what goes into the model, in deterministic CBOR: the round, and each contribution's worker, model, documents and
    /// gradient by their roots. Times, salts and signatures do not enter, nor who came first.
    /// </summary>
    public byte[] ContentDigest()
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(3).Text("verathos.round-result.v1").UInt64(Round).Array(Contributions.Count);
        foreach (RoundContribution contribution in Contributions)
        {
            writer.Array(4).Bytes(contribution.Worker.Bytes).Bytes(contribution.Record.BaseModelRoot.Span)
                .Bytes(contribution.Record.ShardRoot.Span).Bytes(contribution.Record.GradientRoot.Span);
        }

        return SHA256.HashData(writer.ToArray());
    }
}
