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
