using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Receipts;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Tests.Receipts;

/// <summary>
/// Each check of a receipt has one case here: the node signs a receipt that is wrong in one point with the valid key, and exactly
/// that check refuses it.
/// </summary>
public sealed class ReceiptCheckTests
{
    private static readonly byte[] Other32 = SHA256.HashData("other"u8);

    public static TheoryData<string> WrongClaims => new(Claims.Keys);

    public static TheoryData<string> WrongForms => new(Forms.Keys);

    private static Dictionary<string, Func<Receipt, Receipt>> Claims { get; } = new()
    {
        [ReceiptCheckNames.Issuer] = receipt => receipt with { BootId = new byte[16] },
        [ReceiptCheckNames.Keyset] = receipt => receipt with { KeysetDigest = Other32 },
        [ReceiptCheckNames.Binding] = receipt => receipt with { Binding = SHA384.HashData("other"u8) },
        [ReceiptCheckNames.Manifest] = receipt => receipt with { ManifestRoot = Other32 },
        [ReceiptCheckNames.Model] = receipt => receipt with { Model = TestNode.ModelName },
        [ReceiptCheckNames.Profile] = receipt => receipt with { NumericProfile = "bf16" },
        [ReceiptCheckNames.Simulated] = receipt => receipt with { Simulated = false },
        [ReceiptCheckNames.Request] = receipt => receipt with { RequestDigest = Other32 },
        [ReceiptCheckNames.Nonce] = receipt => receipt with { ClientNonce = Other32 },
        [ReceiptCheckNames.Audit] = receipt => receipt with { AuditCommitment = Other32 },
        [ReceiptCheckNames.Stream] = receipt => receipt with { Id = new byte[16] },
        [ReceiptCheckNames.Finish] = receipt => receipt with { FinishReason = "length" },
        [ReceiptCheckNames.Prompt] = receipt => receipt with { PromptCommitment = Other32 },
        [ReceiptCheckNames.Output] = receipt => receipt with { OutputCommitment = Other32 },
        [ReceiptCheckNames.Times] = receipt => receipt with { IssuedAt = receipt.IssuedAt.AddSeconds(-30), AcceptedAt = receipt.AcceptedAt },
    };

    private static Dictionary<string, Func<TestKeys, Receipt, byte[], byte[]?>> Forms { get; } = new()
    {
        [ReceiptCheckNames.Missing] = (_, _, _) => null,
        [ReceiptCheckNames.Format] = (_, _, cose) => cose[..^1],
        [ReceiptCheckNames.Unprotected] = (keys, receipt, _) => CoseForms.Assemble(keys, ReceiptTypes.Receipt, receipt.EncodeClaims(), unprotected: new DeterministicCborMap().Add(4, "note")),
        [ReceiptCheckNames.Algorithm] = (keys, receipt, _) => CoseForms.Assemble(keys, ReceiptTypes.Receipt, receipt.EncodeClaims(), algorithm: -35),
        [ReceiptCheckNames.Type] = (keys, receipt, _) => CoseSign1.Sign(keys.Signing, ReceiptTypes.Checkpoint, receipt.EncodeClaims(), out byte[] _),
        [ReceiptCheckNames.LowS] = (_, _, cose) => CoseForms.WithHighS(cose),
        [ReceiptCheckNames.Key] = (_, receipt, _) => SignWithAnotherKey(receipt),
        [ReceiptCheckNames.Claims] = (keys, receipt, _) => CoseSign1.Sign(keys.Signing, ReceiptTypes.Receipt, (receipt with { FinishReason = "bored" }).EncodeClaims(), out byte[] _),
    };

    [Theory]
    [MemberData(nameof(WrongClaims))]
    public async Task A_wrong_claim_under_a_valid_signature_falls_to_its_own_check(string check)
    {
        using TestBed bed = new();
        bed.Node.Tampering.Receipt = Claims[check];
        await FallsTo(bed, check);
    }

    [Theory]
    [MemberData(nameof(WrongForms))]
    public async Task A_wrong_form_or_signature_falls_to_its_own_check(string check)
    {
        using TestBed bed = new();
        bed.Node.Tampering.ReceiptBytes = Forms[check];
        await FallsTo(bed, check);
    }

    [Theory]
    [InlineData("temperature")]
    [InlineData("top_p")]
    [InlineData("top_k")]
    [InlineData("seed")]
    [InlineData("max_tokens")]
    [InlineData("frequency_penalty")]
    [InlineData("presence_penalty")]
    [InlineData("repetition_penalty")]
    [InlineData("response_format")]
    public async Task Other_parameters_than_those_sent_fall_to_their_check(string parameter)
    {
        using TestBed bed = new();
        bed.Node.Tampering.Receipt = receipt => receipt with
        {
            Sampling = parameter switch
            {
                "temperature" => receipt.Sampling with { TemperatureMicro = receipt.Sampling.TemperatureMicro + 1 },
                "top_p" => receipt.Sampling with { TopPMicro = receipt.Sampling.TopPMicro + 1 },
                "top_k" => receipt.Sampling with { TopK = receipt.Sampling.TopK + 1 },
                "seed" => receipt.Sampling with { Seed = receipt.Sampling.Seed + 1 },
                "frequency_penalty" => receipt.Sampling with { FrequencyPenaltyMicro = 1 },
                "presence_penalty" => receipt.Sampling with { PresencePenaltyMicro = -1 },
                "repetition_penalty" => receipt.Sampling with { RepetitionPenaltyMicro = 1_000_001 },
                "response_format" => receipt.Sampling with { ResponseFormat = Other32 },
                _ => receipt.Sampling with { MaxTokens = receipt.Sampling.MaxTokens + 1 },
            },
        };
        await FallsTo(bed, ReceiptCheckNames.Parameters);
    }

    [Theory]
    [InlineData("prompt")]
    [InlineData("output")]
    public async Task Wrong_counts_fall_to_their_check(string which)
    {
        using TestBed bed = new();
        bed.Node.Tampering.Receipt = receipt => which == "prompt"
            ? receipt with { PromptTokens = receipt.PromptTokens + 1 }
            : receipt with { OutputTokens = receipt.OutputTokens - 1 };
        await FallsTo(bed, ReceiptCheckNames.Counts);
    }

    [Fact]
    public async Task More_tokens_than_allowed_fall_to_the_counts()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(
            () => client.CompleteAsync(Requests.InferenceRequestTests.Limited(3)));
        Assert.Equal(ReceiptCheckNames.Counts, failure.Check);
    }

    [Theory]
    [InlineData("head")]
    [InlineData("count")]
    public async Task A_wrong_chain_falls_to_its_check(string which)
    {
        using TestBed bed = new();
        bed.Node.Tampering.Receipt = receipt => which == "head"
            ? receipt with { ChainHead = Other32 }
            : receipt with { ChunkCount = receipt.ChunkCount + 1 };
        await FallsTo(bed, ReceiptCheckNames.Chain);
    }

    [Theory]
    [InlineData(-3600, "a receipt of an hour ago")]
    [InlineData(3600, "a receipt of the next hour")]
    public async Task Times_far_from_the_clients_fall_to_their_check(int seconds, string why)
    {
        using TestBed bed = new();
        bed.Node.Tampering.Receipt = receipt => receipt with { IssuedAt = receipt.IssuedAt.AddSeconds(seconds), AcceptedAt = receipt.AcceptedAt.AddSeconds(seconds) };
        VerathosException failure = await bed.FailureAsync();
        Assert.True(failure.Check == ReceiptCheckNames.Times, why);
    }

    [Fact]
    public async Task An_honest_receipt_passes_every_check_that_has_a_name()
    {
        using TestBed bed = new();
        ReceiptVerdict verdict = (await bed.AnswerAsync()).ReceiptVerdict;
        string[] names = [.. typeof(ReceiptCheckNames).GetFields().Select(field => (string)field.GetRawConstantValue()!)];
        Assert.Equal(names.Order(), verdict.Checks.Select(check => check.Name).Order());
        Assert.All(verdict.Checks, check => Assert.Equal(CheckResult.Passed, check.Result));
    }

    [Fact]
    public async Task A_rejected_receipt_never_becomes_an_answer_but_its_text_was_authentic()
    {
        using TestBed bed = new();
        bed.Node.Tampering.Receipt = receipt => receipt with { ClientNonce = Other32 };
        using VerathosClient client = await bed.ConnectAsync();
        string text = "";
        bool completed = false;
        await Assert.ThrowsAsync<VerathosException>(async () =>
        {
            await foreach (Client.Streams.AnswerUpdate update in client.StreamAsync(TestBed.Request()))
            {
                text += update.Text;
                completed |= update.Completed is not null;
            }
        });
        Assert.Equal("word0 word1 word2 word3 word4 ", text);
        Assert.False(completed);
    }

    /// <summary>Exactly the named check fails, and it is the reason given.</summary>
    private static async Task FallsTo(TestBed bed, string check)
    {
        using VerathosClient client = await bed.ConnectAsync();
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(TestBed.Request()));
        Assert.Equal(ClientFailure.ReceiptInvalid, failure.Failure);
        Assert.Equal(check, failure.Check);
        Assert.Equal([check], failure.Receipt!.Value.Checks.Where(made => made.Result == CheckResult.Failed).Select(made => made.Name));
    }

    private static byte[] SignWithAnotherKey(Receipt receipt)
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return receipt.Sign(other, out _);
    }
}
