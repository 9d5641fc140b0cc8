using System.Text.Json;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Tests.Serving;

/// <summary>Penalties and log-probabilities through the sealed path, recomputed from the logits by the client's side.</summary>
public sealed class ParameterTests
{
    private static byte[] Seed(TestRequest request, ulong seed) => SamplingSeed.Derive(seed, request.ClientNonce);

    private static JsonElement Choice(TestAnswer answer, int index) => answer.Chunks[index].GetProperty("choices")[0];

    [Theory]
    [InlineData("\"frequency_penalty\":1.5", 1_500_000, 0, 0u)]
    [InlineData("\"presence_penalty\":-0.75", 0, -750_000, 0u)]
    [InlineData("\"repetition_penalty\":1.3", 0, 0, 1_300_000u)]
    [InlineData("\"frequency_penalty\":0.5,\"presence_penalty\":0.5,\"repetition_penalty\":0.8", 500_000, 500_000, 800_000u)]
    public async Task WhoHoldsTheLogitsRecomputesEveryToken(string members, int frequency, int presence, uint repetition)
    {
        await using TestNode node = await TestNode.StartAsync();
        TestRequest request = TestNode.Chat(await node.AttestAsync(), $"\"max_tokens\":20,\"seed\":5,{members}");
        TestAnswer answer = await node.SendAsync(request);
        answer.AssertProved();
        SamplingParameters stated = new(answer.Receipt.Sampling.TemperatureMicro, answer.Receipt.Sampling.TopPMicro, (int)answer.Receipt.Sampling.TopK)
        {
            FrequencyPenaltyMicro = answer.Receipt.Sampling.FrequencyPenaltyMicro,
            PresencePenaltyMicro = answer.Receipt.Sampling.PresencePenaltyMicro,
            RepetitionPenaltyMicro = answer.Receipt.Sampling.RepetitionPenaltyMicro,
        };
        Assert.Equal((frequency, presence, repetition), (stated.FrequencyPenaltyMicro, stated.PresencePenaltyMicro, stated.RepetitionPenaltyMicro));

        using LoadedModel model = TestNode.TinyModel();
        using SequenceState state = model.Backend.CreateSequence(answer.PromptIds.Length + 20);
        float[] logits = new float[model.Config.VocabularySize];
        model.Backend.Forward(state, answer.PromptIds, logits);
        for (int i = 0; i < answer.OutputIds.Length; i++)
        {
            Assert.Equal(answer.OutputIds[i], Sampler.Sample(logits, stated, Seed(request, 5), answer.PromptIds, answer.OutputIds.AsSpan(0, i), []));
            model.Backend.Forward(state, [answer.OutputIds[i]], logits);
        }
    }

    [Fact]
    public async Task PenaltiesChangeTheAnswer()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestEvidence evidence = await node.AttestAsync();
        TestAnswer plain = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":40,\"temperature\":0"));
        TestAnswer penalised = await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":40,\"temperature\":0,\"frequency_penalty\":2"));
        Assert.True(penalised.OutputIds.Distinct().Count() > plain.OutputIds.Distinct().Count());
    }

    [Fact]
    public async Task LogProbabilitiesOfAChatAreThoseOfTheLogits()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestAnswer answer = await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":6,\"logprobs\":true,\"top_logprobs\":3"));
        answer.AssertProved();
        using LoadedModel model = TestNode.TinyModel();
        using SequenceState state = model.Backend.CreateSequence(answer.PromptIds.Length + 6);
        float[] logits = new float[model.Config.VocabularySize];
        model.Backend.Forward(state, answer.PromptIds, logits);
        for (int i = 0; i < answer.OutputIds.Length; i++)
        {
            int id = answer.OutputIds[i];
            byte[] bytes = model.Tokenizer.TokenBytes(id).ToArray();
            JsonElement given = Choice(answer, i).GetProperty("logprobs");
            if (bytes.Length == 0)
            {
                Assert.Equal(JsonValueKind.Null, given.ValueKind);
            }
            else
            {
                JsonElement token = given.GetProperty("content").EnumerateArray().Single();
                TokenLogProbability[] likeliest = new TokenLogProbability[3];
                Assert.Equal(LogProbabilities.Compute(logits, id, likeliest).Micro / 1_000_000m, token.GetProperty("logprob").GetDecimal());
                Assert.Equal(bytes, token.GetProperty("bytes").EnumerateArray().Select(b => b.GetByte()));
                Assert.Equal(System.Text.Encoding.UTF8.GetString(bytes), token.GetProperty("token").GetString());
                Assert.Equal(
                    likeliest.Select(t => t.Micro / 1_000_000m),
                    token.GetProperty("top_logprobs").EnumerateArray().Select(t => t.GetProperty("logprob").GetDecimal()));
            }

            model.Backend.Forward(state, [id], logits);
        }
    }

    [Fact]
    public async Task LogProbabilitiesOfACompletionHaveItsShape()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestAnswer answer = await node.SendAsync(TestNode.Seal(
            await node.AttestAsync(), VerathosPaths.Completions, """{"model":"tiny","prompt":"Once","max_tokens":8,"logprobs":20,"seed":3}"""));
        answer.AssertProved();
        int shown = 0;
        int offset = 0;
        for (int i = 0; i < answer.OutputIds.Length; i++)
        {
            JsonElement choice = Choice(answer, i);
            if (choice.GetProperty("logprobs") is { ValueKind: JsonValueKind.Object } given)
            {
                shown++;
                Assert.Equal(1, given.GetProperty("tokens").GetArrayLength());
                Assert.InRange(given.GetProperty("token_logprobs")[0].GetDouble(), -9999, 0);
                Assert.InRange(given.GetProperty("top_logprobs")[0].EnumerateObject().Count(), 2, 20);
                Assert.Equal(offset, given.GetProperty("text_offset")[0].GetInt32());
            }

            offset += choice.GetProperty("text").GetString()!.Length;
        }

        Assert.True(shown > 0);
    }

    [Fact]
    public async Task WithoutBeingAskedForThereAreNone()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestAnswer answer = await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":2"));
        Assert.Equal(JsonValueKind.Null, Choice(answer, 0).GetProperty("logprobs").ValueKind);
    }
}
