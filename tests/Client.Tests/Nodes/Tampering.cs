using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Tests.Nodes;

/// <summary>What a test node does to its own answers before or after it signs and seals them.</summary>
internal sealed class Tampering
{
    /// <summary>Changes a claim before the receipt is signed with the valid key.</summary>
    public Func<Receipt, Receipt>? Receipt { get; set; }

    /// <summary>Replaces the signed receipt's bytes; given the keys and the honest receipt. Null leaves the trailer out.</summary>
    public Func<TestKeys, Receipt, byte[], byte[]?>? ReceiptBytes { get; set; }

    /// <summary>Changes a claim before the acceptance is signed.</summary>
    public Func<Acceptance, Acceptance>? Acceptance { get; set; }

    /// <summary>Changes a claim before a checkpoint is signed.</summary>
    public Func<Checkpoint, Checkpoint>? Checkpoint { get; set; }

    /// <summary>Changes what a token's chunk commits to: given the token's place and the honest root, or null.</summary>
    public Func<int, byte[]?, byte[]?>? Trace { get; set; }

    /// <summary>Changes the statement about openings before it is signed.</summary>
    public Func<OpeningStatement, OpeningStatement>? Opening { get; set; }

    /// <summary>Replaces the signed statement's bytes. Null leaves the trailer out.</summary>
    public Func<TestKeys, OpeningStatement, byte[], byte[]?>? OpeningBytes { get; set; }

    /// <summary>Changes the items before the statement is made.</summary>
    public Func<List<byte[]>, List<byte[]>>? OpeningItems { get; set; }

    /// <summary>Changes the content after the statement was made.</summary>
    public Func<byte[], byte[]>? OpeningContent { get; set; }

    /// <summary>Leaves checkpoints out.</summary>
    public bool NoCheckpoints { get; set; }

    /// <summary>Changes the sealed pieces on their way: drop, swap, cut, splice.</summary>
    public Func<List<byte[]>, List<byte[]>>? Wire { get; set; }

    /// <summary>Sends the pieces by a body of its own.</summary>
    public Func<List<byte[]>, Stream>? Body { get; set; }

    /// <summary>Breaks the connection after the last piece instead of ending the body.</summary>
    public bool BreakConnection { get; set; }

    /// <summary>Keeps the connection open after the last piece and sends nothing more.</summary>
    public bool Hang { get; set; }

    /// <summary>Changes the evidence collection's bytes.</summary>
    public Func<byte[], byte[]>? Evidence { get; set; }

    /// <summary>Gives the answer another end than the stream's own.</summary>
    public string? Event { get; set; }
}
