using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Verathos.Enclave.Training;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Shards;

namespace Verathos.Enclave.Tests.Training;

public sealed class RoundWorkerTests
{
    [Theory]
    [InlineData(GradientBits.Two)]
    [InlineData(GradientBits.Eight)]
    [InlineData(null)]
    public async Task Rounds_make_one_chain_whose_roots_are_those_of_what_was_made(GradientBits? bits)
    {
        using TestWorker worker = await TestWorker.StartAsync();
        RoundWork first = worker.Run(TestWorker.Round(1, bits: bits)), second = worker.Run(TestWorker.Round(2, bits: bits), first);
        List<ReadOnlyMemory<byte>> results = [TestWorker.Options.ModelRoot, first.Claims.ResultRoot];
        RecordChainVerdict verdict = RecordChain.Verify(
            [new(first.Record, worker.Enclave.Keyset), new(second.Record, worker.Enclave.Keyset)],
            round => results[(int)round - 1],
            (key, round, beacon) => ShardAssignment.Root(beacon.Span, key, round, TestWorker.Corpus.Digests, 12));
        Assert.True(verdict.IsValid, verdict.Error.ToString());

        Assert.Equal(TrainingRoots.OfModel(TestWorker.Layout, first.After), first.Claims.ResultRoot.ToArray());
        Assert.Equal(TrainingRoots.OfOptimiser(first.State.Optimiser), first.Claims.OptimiserRoot.ToArray());
        Assert.Equal(TrainingRoots.OfErrorFeedback(first.State.Rest), first.Claims.ErrorFeedbackRoot.ToArray());
        Assert.Equal(StepOpening.Root(first.Steps), first.Claims.StepsRoot.ToArray());
        Assert.Equal(first.Steps.Select(step => step.Loss), first.Claims.Losses);
        Assert.Equal(first.Claims.OptimiserRoot.ToArray(), second.Steps[0].OptimiserRoot.ToArray());
        Assert.True(first.Claims.Simulated);
        float[] gradient = [.. first.After.Select((after, i) => TestWorker.Start.Values[i] - after)];
        if (bits is { } chosen)
        {
            Assert.Equal(new ErrorFeedback(TestWorker.Layout).Compress(gradient, chosen), first.Gradient);
            Assert.Equal(TrainingRoots.OfGradient(first.Gradient), first.Claims.GradientRoot.ToArray());
        }
        else
        {
            Assert.Equal(TrainingRoots.OfDenseGradient(TestWorker.Layout, gradient), first.Claims.GradientRoot.ToArray());
            Assert.Equal((0, 0), (first.Gradient.Length, first.State.Rest.Length));
        }
    }

    [Fact]
    public async Task A_round_run_again_after_a_restart_has_the_same_bits_with_any_number_of_threads()
    {
        using TestWorker worker = await TestWorker.StartAsync();
        using TestWorker restarted = await TestWorker.StartAsync(threads: 2);
        RoundWork first = worker.Run(TestWorker.Round(1)), second = worker.Run(TestWorker.Round(2), first);
        RoundWork again = restarted.Run(TestWorker.Round(2), first);
        Assert.Equal(Bytes(second.After), Bytes(again.After));
        Assert.Equal(second.Gradient, again.Gradient);
        Assert.Equal(Bytes(second.State.Rest), Bytes(again.State.Rest));
        Assert.NotEqual(second.Claims.KeysetDigest.ToArray(), again.Claims.KeysetDigest.ToArray());
        Assert.Equal(second.Claims.Previous!.Value.ToArray(), again.Claims.Previous!.Value.ToArray());

        // Equal but for what differs by design.
        byte[] Core(RoundWork work) => (work.Claims with
        {
            BootId = new byte[16],
            Id = new byte[16],
            KeysetDigest = new byte[32],
            IssuedAt = DateTimeOffset.UnixEpoch,
        }).EncodeClaims();
        Assert.Equal(Core(second), Core(again));
    }

    [Fact]
    public async Task An_enclave_signs_one_record_for_a_round_and_a_number()
    {
        using TestWorker worker = await TestWorker.StartAsync();
        RoundWork first = worker.Run(TestWorker.Round(1));
        Assert.Equal(EnclaveFailure.InvalidArgument, Assert.Throws<EnclaveException>(() => worker.Run(TestWorker.Round(1))).Failure);
        Assert.Equal(EnclaveFailure.InvalidArgument, Assert.Throws<EnclaveException>(() => worker.Run(TestWorker.Round(2))).Failure);
        Assert.Contains("second history", Assert.Throws<ArgumentException>(() => worker.Run(TestWorker.Round(1), first)).Message, StringComparison.Ordinal);
        Assert.Equal(2ul, worker.Run(TestWorker.Round(2), first).Claims.Counter);
    }

    [Fact]
    public async Task A_cancelled_round_signs_nothing()
    {
        using TestWorker worker = await TestWorker.StartAsync();
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => worker.Worker.Run(
            TestWorker.Start.Values, worker.Worker.Initial, ChainHead.None, TestWorker.Round(1), new Callback(_ => stop.Cancel()), stop.Token));
        Assert.Equal(1ul, worker.Run(TestWorker.Round(1)).Claims.Counter);
    }

    [Fact]
    public async Task Any_step_opens_and_can_be_computed_again_alone()
    {
        using TestWorker worker = await TestWorker.StartAsync();
        RoundTask task = TestWorker.Round(1);
        RoundWork work = worker.Run(task);
        for (int step = 0; step < 3; step++)
        {
            OpenedStep opened = worker.Worker.Open(TestWorker.Start.Values, worker.Worker.Initial, task, work.Claims, step, CancellationToken.None);
            Assert.Equal(StepOpeningError.None, opened.Opening.Verify(work.Claims));
            Assert.Equal(step < 2 ? StepOpeningError.None : null, opened.Next?.Verify(work.Claims));
            Assert.Equal(opened.Opening.Step.ModelRoot.ToArray(), TrainingRoots.OfModel(TestWorker.Layout, opened.Weights));
            Assert.Equal(opened.Opening.Step.OptimiserRoot.ToArray(), TrainingRoots.OfOptimiser(opened.Optimiser));
            Assert.Equal(opened.Opening.Step.GradientRoot.ToArray(), TrainingRoots.OfDenseGradient(TestWorker.Layout, opened.Gradient));
        }

        Assert.Equal(
            TrainingRoots.OfDenseGradient(TestWorker.Layout, worker.Worker.FirstGradient(TestWorker.Start.Values, worker.Worker.Initial, task)), work.Steps[0].GradientRoot.ToArray());
    }

    [Fact]
    public async Task Steps_of_another_task_state_or_record_do_not_open()
    {
        using TestWorker worker = await TestWorker.StartAsync();
        RoundTask task = TestWorker.Round(1);
        RoundWork work = worker.Run(task);
        void Refused(RoundTask other, float[] weights) => Assert.Contains(
            "not the record's steps",
            Assert.Throws<TrainingException>(() => worker.Worker.Open(weights, worker.Worker.Initial, other, work.Claims, 0, CancellationToken.None)).Message,
            StringComparison.Ordinal);
        Refused(task with { Rates = [0.01, 0.01, 0.02, 0.01] }, TestWorker.Start.Values);
        Refused(task with { Rates = [0.01, 0.02, 0.01] }, TestWorker.Start.Values);
        Refused(task with { Beacon = new byte[32] }, TestWorker.Start.Values);
        Refused(task, [.. TestWorker.Start.Values.Select(value => value * 1.01f)]);
    }

    [Fact]
    public async Task A_task_that_makes_no_sense_and_a_trainer_that_is_not_new_are_refused()
    {
        using TestWorker worker = await TestWorker.StartAsync();
        RoundTask task = TestWorker.Round(1);
        RoundTask[] wrong =
        [
            task with { Beacon = new byte[31] }, task with { Documents = 0 }, task with { Documents = 61 }, task with { Rows = 0 }, task with { Length = 0 },
            task with { Rates = [] }, task with { Rates = [double.NaN] }, task with { Rates = [-1] }, task with { Rates = new double[8193] },
        ];
        Assert.All(wrong, each => Assert.Throws<ArgumentException>(() => worker.Run(each)));
        _ = worker.Run(task);
        Assert.Throws<ArgumentException>(() => new RoundWorker(worker.Enclave, worker.Worker.Worker, TestWorker.Corpus, worker.Trainer));
    }

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private sealed class Callback(Action<InnerProgress> report) : IProgress<InnerProgress>
    {
        public void Report(InnerProgress value) => report(value);
    }
}
