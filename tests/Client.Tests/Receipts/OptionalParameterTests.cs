using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;
using Verathos.Client.Bundles;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Client.Tests.Nodes;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Tests.Receipts;

/// <summary>Penalties and a response format: sent, repeated in the receipt, and kept in a bundle.</summary>
public sealed class OptionalParameterTests
{
    private const string Format = """{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"string"}}}""";

    private static InferenceRequest Request() => InferenceRequest.Chat(
        [("user", "hello")],
        temperature: 0.7,
        seed: 42,
        frequencyPenalty: 0.5,
        presencePenalty: -1.25,
        repetitionPenalty: 1.1,
        topLogProbabilities: 2,
        responseFormat: (JsonObject)JsonNode.Parse(Format)!);

    public static TheoryData<string, Func<SamplingClaims, SamplingClaims>> Changes => new()
    {
        { "frequency changed", static s => s with { FrequencyPenaltyMicro = 500_001 } },
        { "frequency left out", static s => s with { FrequencyPenaltyMicro = 0 } },
        { "presence changed", static s => s with { PresencePenaltyMicro = 1_250_000 } },
        { "presence left out", static s => s with { PresencePenaltyMicro = 0 } },
        { "repetition changed", static s => s with { RepetitionPenaltyMicro = 1_100_001 } },
        { "repetition left out", static s => s with { RepetitionPenaltyMicro = 0 } },
        { "another format", static s => s with { ResponseFormat = new byte[32] } },
        { "format left out", static s => s with { ResponseFormat = null } },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_receipt_that_changes_one_of_them_falls_to_the_parameters(string name, Func<SamplingClaims, SamplingClaims> change)
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        bed.Node.Tampering.Receipt = receipt => receipt with { Sampling = change(receipt.Sampling) };
        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(Request()));
        Assert.True(failure.Check == ReceiptCheckNames.Parameters, $"{name}: {failure.Check}");
    }

    [Fact]
    public async Task They_are_sent_in_millionths_and_the_receipt_repeats_them()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(Request());
        SamplingClaims sampling = answer.Receipt.Sampling;
        Assert.Equal((500_000, -1_250_000, 1_100_000u), (sampling.FrequencyPenaltyMicro, sampling.PresencePenaltyMicro, sampling.RepetitionPenaltyMicro));
        Assert.Equal(SHA256.HashData(Encoding.UTF8.GetBytes(Format)), sampling.ResponseFormat!.Value.ToArray());
        string body = Encoding.UTF8.GetString(bed.Node.LastRequest!.Content.Span);
        Assert.Contains("\"frequency_penalty\":0.5,\"presence_penalty\":-1.25,\"repetition_penalty\":1.1", body, StringComparison.Ordinal);
        Assert.Contains("\"response_format\":" + Format, body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundle_keeps_them()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        ProofBundle bundle = ProofBundle.Of(await client.CompleteAsync(Request()), withContent: true);
        Assert.True(ProofBundle.TryDecode(bundle.Encode(), out ProofBundle? read, out string? error), error);
        Assert.Equal(bundle.Transcript!.Parameters with { ResponseFormat = null }, read!.Transcript!.Parameters with { ResponseFormat = null });
        Assert.Equal(bundle.Transcript.Parameters.ResponseFormat, read.Transcript.Parameters.ResponseFormat);
        Assert.True(BundleVerifier.Verify(read, Policy.BuiltIn("simulated"), TestBed.Anchors).IsAccepted);
    }

    [Theory]
    [InlineData("\"frequency_penalty\":2.1", "frequency_penalty")]
    [InlineData("\"presence_penalty\":-2.1", "presence_penalty")]
    [InlineData("\"presence_penalty\":\"1\"", "presence_penalty")]
    [InlineData("\"repetition_penalty\":0", "repetition_penalty")]
    [InlineData("\"repetition_penalty\":11", "repetition_penalty")]
    public void Out_of_range_they_are_named(string member, string name)
    {
        Assert.False(InferenceRequest.TryParse(InferenceKind.Chat, Encoding.UTF8.GetBytes($$"""{"messages":[],{{member}}}"""), out _, out string? error));
        Assert.Contains(name, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"repetition_penalty\":1,\"frequency_penalty\":0,\"response_format\":{\"type\":\"text\"}")]
    [InlineData("\"repetition_penalty\":null,\"frequency_penalty\":null,\"response_format\":null")]
    public void What_changes_nothing_is_no_parameter(string members)
    {
        Assert.True(InferenceRequest.TryParse(InferenceKind.Chat, Encoding.UTF8.GetBytes($$"""{"messages":[],{{members}}}"""), out InferenceRequest? request, out string? error), error);
        Assert.Equal(new RequestedParameters(1_000_000, 1_000_000, 0, request!.Parameters.Seed, null), request.Parameters);
    }

    [Fact]
    public async Task Log_probabilities_are_joined_over_the_stream()
    {
        using TestBed bed = new();
        using VerathosClient client = await bed.ConnectAsync();
        Answer answer = await client.CompleteAsync(Request());
        JsonNode joined = JsonNode.Parse(answer.LogProbabilities)!;
        Assert.Equal(answer.Text, string.Concat(joined["content"]!.AsArray().Select(token => token!["token"]!.GetValue<string>())));
        Assert.True(joined.AsObject().ContainsKey("refusal"));
        Assert.Null((await bed.AnswerAsync()).LogProbabilities);
    }
}
