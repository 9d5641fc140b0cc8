using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Receipts;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Sealing;
using Verathos.Validator.State;
using Verathos.Validator.Training;

namespace Verathos.Validator.Tests.Training;

public sealed class StepAuditTests : IDisposable
{
    private const int Steps = 3;
    private static readonly ModelShape Shape = new(16, 32, 1, 2, 1, 32, 10000, 1e-5);
    private static readonly double[] Rates = [0.01, 0.02, 0.03];

    private readonly InnerTrainer _trainer = new(ModelWeights.Random(Shape.ToConfig(64), 1), new InnerSettings { MicroBatches = 2 }, 1);
    private readonly GradientLayout _layout;
    private readonly EncodedDocument[] _documents =
    [
        .. Enumerable.Range(0, 8).Select(static document => new EncodedDocument([.. Enumerable.Range(0, 20).Select(i => ((7 * i * (document + 1)) + document) % 64)], [.. Enumerable.Repeat(true, 20)])),
    ];

    private readonly List<(float[] Weights, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> Optimiser, float[] Gradient)> _states = [];
    private readonly List<TrainingStep> _steps = [];
    private readonly TrainingRecord _record;

    public StepAuditTests()
    {
        _layout = new GradientLayout([.. _trainer.Layout.Tensors.Select(static tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);
        OrderedBatches batches = new(_documents, 2, 16);
        for (int step = 0; step < Steps; step++)
        {
            float[] weights = _trainer.Weights.ToArray();
            IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> optimiser = _trainer.GetState();
            StepResult result = _trainer.Step(batches.Next(), Rates[step]);
            _states.Add((weights, optimiser, _trainer.LastGradient.ToArray()));
            _steps.Add(new TrainingStep(
                step, TrainingRoots.OfModel(_layout, weights), TrainingRoots.OfOptimiser(optimiser), TrainingRoots.OfDenseGradient(_layout, _states[step].Gradient), (float)result.Loss));
        }

        _record = Record(_steps, _trainer.Profile);
    }

    private ReplayedWork Work => new() { Documents = _documents, Rows = 2, Length = 16, Rates = Rates, OptimiserBefore = _steps[0].OptimiserRoot };

    public void Dispose() => _trainer.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void An_honest_step_computed_again_is_the_same_bit_for_bit(int step)
    {
        WorkEnd end = new StepAudit(_trainer).Judge(_record, Work, step, Content(step).Encode());
        Assert.Equal(WorkResult.Passed, end.Result);
        Assert.True(Assert.Single(end.Outcomes).Passed);
        Assert.Empty(end.Events);
    }

    public static TheoryData<string> Forgeries =>
    [
        "step.form", "step.opening", "step.next", "step.weights", "step.state", "step.gradient-root", "step.chain", "step.gradient", "step.loss", "step.result", "step.result-state",
    ];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void Every_forgery_is_caught_by_its_own_check(string check)
    {
        int step = check is "step.chain" ? 0 : 1;
        TrainingRecord record = _record;
        ReplayedWork work = Work;
        StepContent content = Content(step);
        List<TrainingStep> steps = [.. _steps];
        switch (check)
        {
            case "step.opening":
                content = Content(0);
                break;
            case "step.next":
                content = content with { Next = null };
                break;
            case "step.weights":
                content = content with { Weights = Changed(content.Weights) };
                break;
            case "step.state":
                content = content with { Optimiser = _states[0].Optimiser };
                break;
            case "step.gradient-root":
                content = content with { Gradient = Changed(content.Gradient) };
                break;
            case "step.chain":
                work = work with { OptimiserBefore = new byte[32] };
                break;
            case "step.gradient":
                // Committed to, and shown as committed to, but not what the documents give: trained on something else.
                float[] other = Changed(content.Gradient);
                steps[1] = steps[1] with { GradientRoot = TrainingRoots.OfDenseGradient(_layout, other) };
                (record, content) = (Record(steps, _trainer.Profile), content with { Gradient = other });
                break;
            case "step.loss":
                steps[1] = steps[1] with { Loss = steps[1].Loss - 0.5f };
                record = Record(steps, _trainer.Profile);
                break;
            case "step.result":
                steps[2] = steps[2] with { ModelRoot = new byte[32] };
                record = Record(steps, _trainer.Profile);
                break;
            case "step.result-state":
                steps[2] = steps[2] with { OptimiserRoot = new byte[32] };
                record = Record(steps, _trainer.Profile);
                break;
        }

        if (!ReferenceEquals(record, _record))
        {
            content = content with { Opening = StepOpening.Create(steps, step), Next = StepOpening.Create(steps, step + 1) };
        }

        byte[] shown = content.Encode();
        WorkEnd end = new StepAudit(_trainer).Judge(record, work, step, check == "step.form" ? shown[..^1] : shown);
        Assert.Equal((WorkResult.Failed, check), (end.Result, end.Reason));
        Assert.Equal(EventKind.Caught, Assert.Single(end.Events).Kind);
    }

    [Fact]
    public void The_last_step_is_compared_with_what_the_record_itself_says()
    {
        StepAudit audit = new(_trainer);
        Assert.Equal("step.result", audit.Judge(_record with { ResultRoot = new byte[32] }, Work, 2, Content(2).Encode()).Reason);
        Assert.Equal("step.result-state", audit.Judge(_record with { OptimiserRoot = new byte[32] }, Work, 2, Content(2).Encode()).Reason);
    }

    [Fact]
    public void In_another_profile_a_gradient_within_the_tolerance_is_enough_and_one_beyond_it_is_not()
    {
        StepAudit audit = new(_trainer);
        TrainingRecord record = Record(_steps, "train-f32-elsewhere/1");
        Assert.Equal(WorkResult.Passed, audit.Judge(record, Work, 1, Content(1).Encode()).Result);
        float[] other = Changed(_states[1].Gradient);
        List<TrainingStep> steps = [.. _steps];
        steps[1] = steps[1] with { GradientRoot = TrainingRoots.OfDenseGradient(_layout, other) };
        record = Record(steps, "train-f32-elsewhere/1");
        WorkEnd end = audit.Judge(record, Work, 1, (Content(1) with { Gradient = other, Opening = StepOpening.Create(steps, 1), Next = StepOpening.Create(steps, 2) }).Encode());
        Assert.Equal((WorkResult.Failed, "step.distance"), (end.Result, end.Reason));
        Assert.Empty(end.Events);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.MaxValue)]
    public void What_makes_a_replay_throw_is_the_workers_fault(float weight)
    {
        // Committed to and shown, but nothing finite comes of it.
        float[] weights = [.. Enumerable.Repeat(weight, _layout.Count)];
        List<TrainingStep> steps = [.. _steps];
        steps[1] = steps[1] with { ModelRoot = TrainingRoots.OfModel(_layout, weights) };
        byte[] shown = (Content(1) with { Weights = weights, Opening = StepOpening.Create(steps, 1), Next = StepOpening.Create(steps, 2) }).Encode();
        StepAudit audit = new(_trainer);
        WorkEnd end = audit.Judge(Record(steps, _trainer.Profile), Work, 1, shown);
        Assert.Equal((WorkResult.Failed, "step.computable"), (end.Result, end.Reason));
        Assert.Equal(EventKind.Caught, Assert.Single(end.Events).Kind);
        Assert.Equal((WorkResult.Failed, "step.distance"), audit.Judge(Record(steps, "train-f32-elsewhere/1"), Work, 1, shown) is var other ? (other.Result, other.Reason) : default);

        // And leaves nothing behind.
        Assert.Equal(WorkResult.Passed, audit.Judge(_record, Work, 1, Content(1).Encode()).Result);
    }

    private static float[] Changed(float[] values)
    {
        float[] changed = [.. values];
        changed[^1] += 0.125f;
        return changed;
    }

    private StepContent Content(int step) => new(
        StepOpening.Create(_steps, step), step + 1 < Steps ? StepOpening.Create(_steps, step + 1) : null, _states[step].Weights, _states[step].Optimiser, _states[step].Gradient);

    private TrainingRecord Record(List<TrainingStep> steps, string profile) => new()
    {
        BootId = new byte[16],
        IssuedAt = DateTimeOffset.UnixEpoch,
        Id = new byte[16],
        KeysetDigest = new byte[32],
        NumericProfile = profile,
        Worker = new byte[32],
        Round = 1,
        Beacon = new byte[32],
        BaseModelRoot = steps[0].ModelRoot,
        ShardRoot = new byte[32],
        Losses = [.. steps.Select(static step => step.Loss)],
        GradientRoot = new byte[32],
        ErrorFeedbackRoot = new byte[32],
        OptimiserRoot = TrainingRoots.OfOptimiser(_trainer.GetState()),
        StepsRoot = StepOpening.Root(steps),
        ResultRoot = TrainingRoots.OfModel(_layout, _trainer.Weights),
        Counter = 1,
        Simulated = true,
    };
}
