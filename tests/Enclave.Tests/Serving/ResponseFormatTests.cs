using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Fingerprint.Constraints;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.Enclave.Tests.Serving;

/// <summary>Answers that must be JSON, through the sealed path.</summary>
public sealed class ResponseFormatTests
{
    private const string Schema = """{"type":"object","properties":{"name":{"type":"string","maxLength":4},"n":{"type":"integer"},"on":{"type":"boolean"}},"required":["name","n","on"]}""";
    private const string Format = """{"type":"json_schema","json_schema":{"name":"thing","strict":true,"schema":""" + Schema + "}}";

    private static string Members(string format, int seed) => $"\"max_tokens\":400,\"seed\":{seed},\"response_format\":{format}";

    [Fact]
    public async Task EveryAnswerIsWhatTheSchemaAllows()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        for (int seed = 0; seed < 12; seed++)
        {
            TestAnswer answer = await node.SendAsync(TestNode.Chat(evidence, Members(Format, seed)));
            answer.AssertProved();
            Assert.Equal("stop", answer.FinishReason);
            JsonElement value = JsonElement.Parse(answer.Text);
            Assert.Equal(["name", "n", "on"], value.EnumerateObject().Select(member => member.Name));
            Assert.InRange(value.GetProperty("name").GetString()!.EnumerateRunes().Count(), 0, 4);
            Assert.Equal(JsonValueKind.Number, value.GetProperty("n").ValueKind);
            Assert.True(value.GetProperty("on").ValueKind is JsonValueKind.True or JsonValueKind.False);
        }
    }

    [Fact]
    public async Task AnyObjectIsAnObjectOrIsCutByTheLimit()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        for (int seed = 0; seed < 6; seed++)
        {
            TestAnswer answer = await node.SendAsync(TestNode.Chat(evidence, Members("""{"type":"json_object"}""", seed)));
            answer.AssertProved();
            Assert.StartsWith("{", answer.Text.TrimStart(), StringComparison.Ordinal);
            if (answer.FinishReason == "stop")
            {
                Assert.Equal(JsonValueKind.Object, JsonElement.Parse(answer.Text).ValueKind);
            }
        }
    }

    [Fact]
    public async Task TheReceiptNamesTheFormatAndWhoHoldsTheLogitsRecomputesEveryToken()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestRequest request = TestNode.Chat(await node.AttestAsync(), Members(Format, 3));
        TestAnswer answer = await node.SendAsync(request);
        answer.AssertProved();
        Assert.Equal(SHA256.HashData(Encoding.UTF8.GetBytes(Format)), answer.Receipt.Sampling.ResponseFormat!.Value.ToArray());

        using LoadedModel model = TestNode.TinyModel();
        Assert.True(JsonGrammar.TryCompile(Encoding.UTF8.GetBytes(Schema), out JsonGrammar? grammar, out _));
        using TokenConstraint constraint = new(grammar, new TokenIndex(model.Config.VocabularySize, id => model.Tokenizer.TokenBytes(id).ToArray()), model.StopIds);
        using SequenceState state = model.Backend.CreateSequence(answer.PromptIds.Length + 400);
        float[] logits = new float[model.Config.VocabularySize];
        byte[] seed = SamplingSeed.Derive(3, request.ClientNonce);
        SamplingParameters sampling = new(answer.Receipt.Sampling.TemperatureMicro, answer.Receipt.Sampling.TopPMicro, (int)answer.Receipt.Sampling.TopK);
        model.Backend.Forward(state, answer.PromptIds, logits);
        for (int i = 0; i < answer.OutputIds.Length; i++)
        {
            Assert.Equal(answer.OutputIds[i], Sampler.Sample(logits, sampling, seed, answer.PromptIds, answer.OutputIds.AsSpan(0, i), constraint.Allowed));
            Assert.True(constraint.Append(answer.OutputIds[i]));
            model.Backend.Forward(state, [answer.OutputIds[i]], logits);
        }
    }

    [Theory]
    [InlineData("""{"type":"string","pattern":"x"}""", "response_format.json_schema.schema/pattern")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer","minimum":3}}}""", "response_format.json_schema.schema/properties/0/minimum")]
    [InlineData("""{"$ref":"#"}""", "response_format.json_schema.schema")]
    public async Task AKeywordThatIsNotHonouredIsNamed(string schema, string param)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestAnswer answer = await node.SendAsync(TestNode.Chat(
            await node.AttestAsync(), Members($$$"""{"type":"json_schema","json_schema":{"name":"x","schema":{{{schema}}}}}""", 0)));
        Assert.Equal((400, "unsupported_schema"), (answer.Status, answer.ErrorCode));
        Assert.Contains($"\"param\":\"{param}\"", answer.Content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlainTextIsNotInTheReceipt()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestAnswer answer = await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":2,\"response_format\":{\"type\":\"text\"}"));
        answer.AssertProved();
        Assert.Null(answer.Receipt.Sampling.ResponseFormat);
    }
}
