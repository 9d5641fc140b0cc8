using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

public class EngineOpeningTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)(7 * i))];

    private static GenerationRequest Request(int prompt, int count, StopCondition? stop = null) => new()
    {
        PromptIds = [.. Enumerable.Range(0, prompt).Select(j => ((j * j) + (3 * j)) % 320)],
        Sampling = new SamplingParameters(800_000, SamplingParameters.One, 0),
        Seed = [.. Enumerable.Range(0, 32).Select(i => (byte)i)],
        MaxTokens = count,
        TraceSecret = Secret,
        SketchSeed = Secret,
        StopCondition = stop,
    };

    /// <summary>An answer that the caller ends has the commitments of one that was never to be longer, whatever the chunk that it ends in.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(40)]
    public async Task AnEndThatTheCallerSetsCommitsExactlyTheStepsBeforeIt(int count)
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Bf16Lane16);
        await using InferenceEngine engine = new(model, new EngineOptions());
        CountingStop stop = new(count);
        GeneratedToken[] stopped = await All(engine, Request(11, 100, stop));
        GeneratedToken[] shorter = await All(engine, Request(11, count));
        Assert.Equal(FinishReason.Stop, stopped[^1].Finish);
        Assert.True(stop.IsDisposed);
        Assert.Equal(shorter.Select(t => t.Id), stopped.Select(t => t.Id));
        (TokenCommitment ours, TokenCommitment theirs) = (stopped[^1].Commitment!, shorter[^1].Commitment!);
        Assert.Equal(theirs.TraceRoot, ours.TraceRoot);
        Assert.Equal(theirs.ToplocRoot, ours.ToplocRoot);
        Assert.Equal(theirs.SketchRoot, ours.SketchRoot);
        Assert.Equal(theirs.Record!.StepHashes, ours.Record!.StepHashes);
        Assert.Equal(11 + count - 1, ours.Record.StepHashes.Count);
        Assert.Equal(1 + ((count - 1 + 31) / 32), ours.Record.Toploc.Count);
    }

    [Fact]
    public async Task AStopConditionThatThrowsEndsOnlyItsAnswer()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Bf16Lane16);
        await using InferenceEngine engine = new(model, new EngineOptions());
        Task<GeneratedToken[]> other = All(engine, Request(5, 60)).AsTask();
        GenerationException failed = await Assert.ThrowsAsync<GenerationException>(() => All(engine, Request(5, 60, new CountingStop(-1))).AsTask());
        Assert.Equal(GenerationError.Failed, failed.Error);
        Assert.Equal(60, (await other).Length);
    }

    /// <summary>An engine opens what it committed, while it serves others too, and the opening passes every check of somebody with keys.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task AnEngineOpensWhatItCommitted(bool busy, bool untied)
    {
        ModelConfig config = SmallModel.Config with { TiedEmbeddings = !untied };
        using ModelSource source = RandomModel.CreateSource(config, 1);
        using LoadedModel model = RandomModel.Create(config, 1, new LoadOptions { Profile = NumericProfile.Bf16Lane16, Threads = 1 });
        await using InferenceEngine engine = new(model, new EngineOptions());
        (CommittedAnswer answer, byte[] root) = await CommitAsync(engine, 100, 20);
        using CancellationTokenSource enough = new();
        Task others = busy ? Task.Run(() => KeepBusyAsync(engine, enough.Token), TestContext.Current.CancellationToken) : Task.CompletedTask;

        ValidatorKeyMaker keys = new(source);
        CommittedTrace trace = new(keys.Constants.Shape, answer.StepHashes.Count, root);
        DrawnToken drawn = new(new SamplingParameters(800_000, SamplingParameters.One, 0), Request(1, 1).Seed, 100, Array.Empty<ulong>());
        LayerLimits limits = LayerLimits.Exact(3, 1e-12);
        for (int number = 0; number < 6; number++)
        {
            OpeningPlan plan = OpeningPlan.Derive(Secret, Secret, number, engine.TraceShape, config.Heads, 100, answer.StepHashes.Count);
            IReadOnlyList<byte[]> opened = await engine.OpenAsync(answer, plan, TestContext.Current.CancellationToken);
            Assert.True(OpeningEncoding.TryDecode(opened[0], keys.Constants, out LayerEvidence? layer));
            Assert.True(OpeningEncoding.TryDecode(opened[1], keys.Constants, out LogitsEvidence? logits));
            using LayerKey key = keys.Layer(plan.Layer);
            using MatrixKey output = keys.Output();
            Assert.Equal("accepted", new LayerJudge(key, limits).Judge(plan, trace, answer.Ids, layer).ToString());
            Assert.Equal("accepted", new LogitsJudge(keys.Constants, output, limits.Matrices[0]).Judge(plan, trace, answer.Ids, drawn, logits).ToString());
            IReadOnlyList<byte[]> leaves = await engine.OpenStepAsync(answer, plan.Step, TestContext.Current.CancellationToken);
            Assert.True(OpeningEncoding.TryDecode(Assert.Single(leaves), keys.Constants.Shape, out StepOpening? step));
            Assert.True(step.IsIn(trace));
            Assert.False(OpeningEncoding.TryDecode([.. leaves[0], 0], keys.Constants.Shape, out _));
            Assert.False(OpeningEncoding.TryDecode(leaves[0].AsSpan(0, leaves[0].Length - 1), keys.Constants.Shape, out _));
            Assert.False(OpeningEncoding.TryDecode(opened[1], keys.Constants.Shape, out _));
        }

        await enough.CancelAsync();
        await others;
        Assert.True(busy || engine.Memory.Reserved == 0);
    }

    /// <summary>Rows read from the packed weights are those of the files.</summary>
    [Fact]
    public void PackedRowsAreTheStoredRows()
    {
        string path = Path.GetTempFileName();
        RandomGguf.Write(path, SmallModel.Config with { HiddenSize = 64, IntermediateSize = 128, Heads = 2, KvHeads = 1, HeadSize = 32, TiedEmbeddings = false }, 5, TensorType.Q80);
        using ModelSource source = GgufModel.Open(path, static _ => { }, TestContext.Current.CancellationToken);
        File.Delete(path);
        using Lane16Backend backend = new(source, NumericProfile.Bf16Lane16, 64, 1);
        ValidatorKeyMaker files = new(source);
        OpeningRows packed = new(backend, source.Config);
        Assert.Equal(files.Shape, packed.Shape);
        Assert.Equal((files.Heads, files.IntermediateSize), (packed.Heads, packed.IntermediateSize));
        foreach (bool output in (bool[])[false, true])
        {
            for (int id = 0; id < source.Config.VocabularySize; id += 7)
            {
                (OpenedRow ours, OpenedRow theirs) = (packed.Open(output, id), files.Open(output, id));
                Assert.Equal(theirs.Weights, ours.Weights);
                Assert.Equal(theirs.Path, ours.Path);
            }
        }
    }

    [Fact]
    public async Task StepsThatAnAnswerDoesNotHaveAreRefused()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Bf16Lane16);
        await using InferenceEngine engine = new(model, new EngineOptions());
        CommittedAnswer answer = (await CommitAsync(engine, 10, 4)).Answer;
        foreach (OpeningPlan plan in (OpeningPlan[])[new(13, 0, 0, 0, 12), new(0, 2, 0, 0, 12), new(0, 0, 4, 0, 12), new(3, 0, 0, 4, 12), new(3, 0, 0, 0, 8), new(3, 0, 0, 0, 13), new(-1, 0, 0, 0, 12)])
        {
            await Assert.ThrowsAsync<ArgumentException>(() => engine.OpenAsync(answer, plan, TestContext.Current.CancellationToken));
        }

        await Assert.ThrowsAsync<ArgumentException>(() => engine.OpenStepAsync(answer, 13, TestContext.Current.CancellationToken));
    }

    /// <summary>An answer that the engine did not compute so is no opening, and the engine goes on.</summary>
    [Fact]
    public async Task AnotherAnswerFailsAlone()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Bf16Lane16);
        await using InferenceEngine engine = new(model, new EngineOptions());
        CommittedAnswer answer = (await CommitAsync(engine, 10, 4)).Answer;
        int[] ids = [.. answer.Ids];
        ids[0] ^= 1;
        GenerationException failed = await Assert.ThrowsAsync<GenerationException>(() => engine.OpenStepAsync(answer with { Ids = ids }, 3, TestContext.Current.CancellationToken));
        Assert.Equal(GenerationError.Failed, failed.Error);
        Assert.Single(await engine.OpenStepAsync(answer, 3, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task OpeningsEndWithTheirCallersAndWithTheEngine()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Bf16Lane16);
        InferenceEngine engine = new(model, new EngineOptions());
        CommittedAnswer answer = (await CommitAsync(engine, 200, 20)).Answer;
        using CancellationTokenSource gone = new();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.OpenStepAsync(answer, 210, gone.Token));
        Task<IReadOnlyList<byte[]>>[] openings = [.. Enumerable.Range(0, 50).Select(_ => engine.OpenStepAsync(answer, 210))];
        await engine.DisposeAsync();
        foreach (Task<IReadOnlyList<byte[]>> opening in openings)
        {
            try
            {
                await opening;
            }
            catch (GenerationException e)
            {
                Assert.Equal(GenerationError.Stopped, e.Error);
            }
        }

        await Assert.ThrowsAsync<GenerationException>(() => engine.OpenStepAsync(answer, 210));
    }

    private static ValueTask<GeneratedToken[]> All(InferenceEngine engine, GenerationRequest request) =>
        engine.GenerateAsync(request).ToArrayAsync(TestContext.Current.CancellationToken);

    private static async Task<(CommittedAnswer Answer, byte[] Root)> CommitAsync(InferenceEngine engine, int prompt, int count)
    {
        GenerationRequest request = Request(prompt, count);
        GeneratedToken[] tokens = await All(engine, request);
        TokenCommitment last = tokens[^1].Commitment!;
        return (new CommittedAnswer([.. request.PromptIds, .. tokens.Select(t => t.Id)], prompt, Secret, last.Record!.StepHashes), last.TraceRoot);
    }

    private static async Task KeepBusyAsync(InferenceEngine engine, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await engine.GenerateAsync(Request(20, 50), cancellationToken).ToArrayAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }
    }

    private sealed class CountingStop(int count) : StopCondition
    {
        private int _seen;

        public bool IsDisposed { get; private set; }

        public override bool Append(int id) => count < 0 ? throw new InvalidOperationException() : ++_seen == count;

        protected override void Dispose(bool disposing) => IsDisposed = true;
    }
}
