using System.Security.Cryptography;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Tests.Receipts;

/// <summary>The acceptance that opens a stream and the checkpoints inside it, wrong in one point under the valid key.</summary>
public sealed class StatementCheckTests
{
    private static readonly byte[] Other32 = SHA256.HashData("other"u8);

    public static TheoryData<string> WrongAcceptances => new(Acceptances.Keys);

    public static TheoryData<string> WrongCheckpoints => new(Checkpoints.Keys);

    private static Dictionary<string, Func<Acceptance, Acceptance>> Acceptances { get; } = new()
    {
        ["acceptance.issuer"] = acceptance => acceptance with { BootId = new byte[16] },
        ["acceptance.keyset"] = acceptance => acceptance with { KeysetDigest = Other32 },
        ["acceptance.binding"] = acceptance => acceptance with { Binding = SHA384.HashData("other"u8) },
        ["acceptance.manifest"] = acceptance => acceptance with { ManifestRoot = Other32 },
        ["acceptance.model"] = acceptance => acceptance with { Model = TestNode.ModelName },
        ["acceptance.profile"] = acceptance => acceptance with { NumericProfile = "bf16" },
        ["acceptance.simulated"] = acceptance => acceptance with { Simulated = false },
        ["acceptance.request"] = acceptance => acceptance with { RequestDigest = Other32 },
        ["acceptance.nonce"] = acceptance => acceptance with { ClientNonce = Other32 },
        ["acceptance.parameters"] = acceptance => acceptance with { Sampling = acceptance.Sampling with { TopK = 1 } },
        ["acceptance.audit"] = acceptance => acceptance with { AuditCommitment = Other32 },
        ["acceptance.counts"] = acceptance => acceptance with { PromptTokens = 1 },
        ["acceptance.prompt"] = acceptance => acceptance with { PromptCommitment = Other32 },
        ["acceptance.times"] = acceptance => acceptance with { IssuedAt = acceptance.IssuedAt.AddHours(-1) },
    };

    private static Dictionary<string, Func<Checkpoint, Checkpoint>> Checkpoints { get; } = new()
    {
        ["checkpoint.keyset"] = checkpoint => checkpoint with { KeysetDigest = Other32 },
        ["checkpoint.request"] = checkpoint => checkpoint with { RequestDigest = Other32 },
        ["checkpoint.stream"] = checkpoint => checkpoint with { Id = new byte[16] },
        ["checkpoint.counts"] = checkpoint => checkpoint with { OutputTokens = 3 },
        ["checkpoint.chain"] = checkpoint => checkpoint with { ChainHead = Other32 },
    };

    [Theory]
    [MemberData(nameof(WrongAcceptances))]
    public async Task A_wrong_acceptance_is_refused_before_any_text(string check)
    {
        using TestBed bed = new();
        bed.Node.Tampering.Acceptance = Acceptances[check];
        await FallsTo(bed, check, "");
    }

    [Theory]
    [MemberData(nameof(WrongCheckpoints))]
    public async Task A_wrong_checkpoint_ends_the_stream_where_it_stands(string check)
    {
        using TestBed bed = new();
        bed.Node.Tampering.Checkpoint = Checkpoints[check];
        await FallsTo(bed, check, "word0 word1 word2 word3 ");
    }

    [Fact]
    public async Task A_checkpoint_of_an_earlier_place_is_refused()
    {
        using TestBed bed = new();
        bed.Node.Tampering.Checkpoint = checkpoint => checkpoint with { ChunkCount = checkpoint.ChunkCount - 1 };
        await FallsTo(bed, "checkpoint.chain", "word0 word1 word2 word3 ");
    }

    private static async Task FallsTo(TestBed bed, string check, string emitted)
    {
        using VerathosClient client = await bed.ConnectAsync();
        string text = "";
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(async () =>
        {
            await foreach (AnswerUpdate update in client.StreamAsync(TestBed.Request()))
                text += update.Text;
        });
        Assert.Equal(ClientFailure.ReceiptInvalid, failure.Failure);
        Assert.Equal(check, failure.Check);
        Assert.Single(failure.Receipt!.Value.Checks, made => made.Result == Attestation.Verdicts.CheckResult.Failed);
        Assert.Equal(emitted, text);
    }
}
