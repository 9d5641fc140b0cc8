using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Receipts;

namespace Verathos.Host.Drills.Nodes;

/// <summary>
/// What an attacker's node does. The defaults are a node whose evidence and receipts every check accepts, although nothing
/// measured it and its keys are in the attacker's hands; a drill changes what the attack changes.
/// </summary>
internal sealed record RoguePlan
{
    /// <summary>How its hardware answers.</summary>
    public NodePlan Evidence { get; init; } = new();

    /// <summary>Changes the evidence after everything in it was bound.</summary>
    public Func<RogueShow, Task<EvidenceCollection>>? Show { get; init; }

    /// <summary>Changes the evidence's bytes.</summary>
    public Func<byte[], byte[]>? Encoded { get; init; }

    /// <summary>How far the node's clock is behind while it answers.</summary>
    public TimeSpan Behind { get; init; }

    /// <summary>Changes a claim before the acceptance is signed.</summary>
    public Func<Acceptance, Acceptance> Acceptance { get; init; } = acceptance => acceptance;

    /// <summary>Sends text before the acceptance.</summary>
    public bool TextBeforeAcceptance { get; init; }

    /// <summary>How it computes, commits and opens; where null it passes the honest node's answer on, and commits to noise.</summary>
    public RogueWork? Work { get; init; }

    /// <summary>Changes a claim before a checkpoint is signed.</summary>
    public Func<Checkpoint, Checkpoint> Checkpoint { get; init; } = checkpoint => checkpoint;

    /// <summary>Leaves checkpoints out.</summary>
    public bool NoCheckpoints { get; init; }

    /// <summary>Sends tokens without a commitment to their computation.</summary>
    public bool NoTrace { get; init; }

    /// <summary>Leaves the last event out.</summary>
    public bool NoEnd { get; init; }

    /// <summary>The tokens that are sent; those of the honest answer where null.</summary>
    public Func<IReadOnlyList<(int Id, string Text)>, IReadOnlyList<(int Id, string Text)>> Script { get; init; } = steps => steps;

    /// <summary>Changes a claim before the receipt is signed; the receipt's secret goes with it.</summary>
    public Func<Receipt, byte[], Receipt> Receipt { get; init; } = (receipt, _) => receipt;

    /// <summary>Further fields of the trailer.</summary>
    public Func<RogueKeys, IReadOnlyList<BhttpField>> Trailer { get; init; } = _ => [];

    /// <summary>Replaces the signed receipt; null leaves it out.</summary>
    public Func<RogueKeys, Receipt, byte[], byte[]?> Signed { get; init; } = (_, _, signed) => signed;
}
