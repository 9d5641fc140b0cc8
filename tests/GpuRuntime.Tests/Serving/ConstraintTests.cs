using System.Text;
using Verathos.Fingerprint.Constraints;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

/// <summary>Constraints, penalties and log-probabilities inside the engine.</summary>
public class ConstraintTests
{
    private static TokenConstraint Constrain(LoadedModel model, string schema, Func<int, byte[]>? bytes = null)
    {
        Assert.True(JsonGrammar.TryCompile(Encoding.UTF8.GetBytes(schema), out JsonGrammar? grammar, out GrammarError? error), error?.ToString());
        return new TokenConstraint(grammar, new TokenIndex(model.Config.VocabularySize, bytes ?? (id => model.Tokenizer.TokenBytes(id).ToArray())), model.StopIds);
    }

    private static GenerationRequest Request(TokenConstraint? constraint, int count = 40, int? logProbabilities = null) => new()
    {
        PromptIds = [1, 2, 3],
        Sampling = new SamplingParameters(SamplingParameters.One, SamplingParameters.One, 0),
        Seed = new byte[32],
        MaxTokens = count,
        Constraint = constraint,
        LogProbabilities = logProbabilities,
    };

    private static ValueTask<GeneratedToken[]> All(InferenceEngine engine, GenerationRequest request, CancellationToken token = default) =>
        engine.GenerateAsync(request, token).ToArrayAsync(TestContext.Current.CancellationToken);

    /// <summary>A wiped constraint allows nothing; one in use always does until its text is complete.</summary>
    private static bool IsWiped(TokenConstraint constraint) => constraint.IsExhausted && !constraint.MayEnd;

    [Fact]
    public async Task AnAnswerEndsWhenItsTextIsCompleteAndTheConstraintIsWiped()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Served);
        await using InferenceEngine engine = new(model, new EngineOptions());
        TokenConstraint constraint = Constrain(model, """{"enum":["yes","no"]}""");
        GeneratedToken[] tokens = await All(engine, Request(constraint));
        string text = Encoding.UTF8.GetString([.. tokens.SelectMany(token => model.Tokenizer.TokenBytes(token.Id).ToArray())]).TrimStart();
        Assert.True(text is "\"yes\"" or "\"no\"", text);
        Assert.Equal(FinishReason.Stop, tokens[^1].Finish);
        Assert.True(IsWiped(constraint));
    }

    [Fact]
    public async Task WhatTheVocabularyCannotWriteEndsThatRequestOnly()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Served);
        await using InferenceEngine engine = new(model, new EngineOptions());

        // Quotes and "y" alone: after them nothing may follow.
        TokenConstraint constraint = Constrain(model, """{"const":"yes"}""", id => id is '"' or 'y' ? [(byte)id] : []);
        GenerationException error = await Assert.ThrowsAsync<GenerationException>(async () => await All(engine, Request(constraint)));
        Assert.Equal(GenerationError.ConstraintFailed, error.Error);
        Assert.True(IsWiped(constraint));
        Assert.Equal(2, (await All(engine, Request(null, 2))).Length);
    }

    [Fact]
    public async Task CancelledRequestsWipeTheirConstraintsRunningOrWaiting()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Served);
        await using InferenceEngine engine = new(model, new EngineOptions { MaxActive = 1 });
        using ManualResetEventSlim go = new(false);
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.TurnBegins = () =>
        {
            began.TrySetResult();
            go.Wait(TestContext.Current.CancellationToken);
        };
        using CancellationTokenSource cancel = new();
        TokenConstraint[] constraints = [Constrain(model, "true"), Constrain(model, "true")];
        Task<GeneratedToken[]>[] running = [.. constraints.Select(constraint => All(engine, Request(constraint), cancel.Token).AsTask())];
        await began.Task;
        Assert.All(constraints, constraint => Assert.False(IsWiped(constraint)));
        await cancel.CancelAsync();
        go.Set();
        foreach (Task<GeneratedToken[]> task in running)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        }

        Assert.Equal(2, (await All(engine, Request(null, 2))).Length);
        Assert.All(constraints, constraint => Assert.True(IsWiped(constraint)));
    }

    [Fact]
    public async Task LogProbabilitiesComeWithEveryTokenWhereAskedFor()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Served);
        await using InferenceEngine engine = new(model, new EngineOptions());
        GeneratedToken[] tokens = await All(engine, Request(null, 5, 3));
        Assert.All(tokens, token => Assert.Equal(4, token.LogProbabilities!.Length));
        Assert.All(tokens, token => Assert.Equal(token.Id, token.LogProbabilities![0].Id));
        Assert.All(tokens, token => Assert.True(token.LogProbabilities![1].Micro >= token.LogProbabilities[2].Micro));
        Assert.All(await All(engine, Request(null, 5)), token => Assert.Null(token.LogProbabilities));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(21)]
    public async Task TooManyLogProbabilitiesAreRefused(int count)
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Served);
        await using InferenceEngine engine = new(model, new EngineOptions());
        Assert.Equal(GenerationError.InvalidRequest, Assert.Throws<GenerationException>(() => engine.GenerateAsync(Request(null, 1, count))).Error);
    }
}
