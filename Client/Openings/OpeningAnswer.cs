using Verathos.Client.Receipts;
using Verathos.Client.Trust;
using Verathos.Protocol.Openings;

namespace Verathos.Client.Openings;

/// <summary>
/// Openings whose form and statement hold. What they show is judged by nobody yet: a statement that holds over an opening that does not
/// is what convicts a node.
/// </summary>
public sealed record OpeningAnswer
{
    /// <summary>The ticket that was opened; it stays its owner's.</summary>
    public required AuditTicket Ticket { get; init; }

    /// <summary>What was asked for.</summary>
    public required OpeningAsk Ask { get; init; }

    /// <summary>The content as it arrived.</summary>
    public required ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>The content's items.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Items { get; init; }

    /// <summary>The statement's COSE_Sign1 bytes.</summary>
    public required byte[] StatementBytes { get; init; }

    /// <summary>The statement.</summary>
    public required OpeningStatement Statement { get; init; }

    /// <summary>Every check of the statement.</summary>
    public required ReceiptVerdict Verdict { get; init; }

    /// <summary>The node as it was attested when the request was sealed; the statement is signed under its keyset.</summary>
    public required AttestedNode Node { get; init; }

    /// <summary>From sending the request to the verified statement.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The openings by number: a layer's encoded evidence and that of a row of logits. For <see cref="OpeningKind.Chosen"/> one, of number 0.</summary>
    public IReadOnlyList<(int Number, ReadOnlyMemory<byte> Layer, ReadOnlyMemory<byte> Logits)> Openings() =>
        Ask.Kind is OpeningKind.Openings or OpeningKind.Chosen
            ? [.. Enumerable.Range(0, Items.Count / 2).Select(i => ((Ask.Kind == OpeningKind.Openings ? Ask.First : 0) + i, Items[2 * i], Items[(2 * i) + 1]))]
            : throw Else();

    /// <summary>The hashes of all committed steps, 32 bytes each.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> StepHashes() => Ask.Kind == OpeningKind.StepHashes
        ? [.. Enumerable.Range(0, Items[0].Length / 32).Select(i => Items[0].Slice(32 * i, 32))]
        : throw Else();

    /// <summary>The TOPLOC proofs and the sketches, each in the order of chunks.</summary>
    public (IReadOnlyList<ReadOnlyMemory<byte>> Toploc, IReadOnlyList<ReadOnlyMemory<byte>> Sketches) Chunks() =>
        Ask.Kind == OpeningKind.Chunks && OpenedChunks.TryRead(Items, out IReadOnlyList<ReadOnlyMemory<byte>> toploc, out IReadOnlyList<ReadOnlyMemory<byte>> sketches)
            ? (toploc, sketches)
            : throw Else();

    /// <summary>The encoded leaves of the step that was asked for.</summary>
    public ReadOnlyMemory<byte> Step() => Ask.Kind == OpeningKind.Step ? Items[0] : throw Else();

    private InvalidOperationException Else() => new($"{Ask} was asked for");
}
