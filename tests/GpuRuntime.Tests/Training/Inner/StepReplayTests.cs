using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

public sealed class StepReplayTests
{
    public static TheoryData<OptimiserKind, TrainingPrecision, bool> Kinds => TrainedModels.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_step_done_again_has_the_same_bits_on_one_thread_and_on_two(OptimiserKind optimiser, TrainingPrecision precision, bool lora)
    {
        InnerSettings settings = TrainedModels.Settings(optimiser, precision, lora);
        var start = ModelWeights.Random(TrainedModels.Tied, 1);
        using InnerTrainer trainer = new(start, settings, 1);
        OrderedBatches batches = TrainedModels.Batches();
        trainer.Step(batches.Next(), 0.01);
        trainer.Step(batches.Next(), 0.01);
        float[] weights = trainer.Weights.ToArray();
        IReadOnlyList<(string, ReadOnlyMemory<byte>)> state = trainer.GetState();
        Batch batch = batches.Next();
        StepResult result = trainer.Step(batch, 0.02);

        foreach (int threads in (int[])[1, 2])
        {
            ReplayedStep again = StepReplay.Run(start, settings, weights, state, batch, 0.02, threads);
            Assert.Equal(result, again.Result);
            Assert.Equal(0, StepReplay.Distance(trainer.LastGradient, again.Gradient));
            Assert.Equal(TrainedModels.Everything(trainer), TrainedModels.Digest(again.Weights, again.State));
            Assert.Equal(trainer.Profile, again.Profile);
        }

        // Of another batch, another start or another state it is another step.
        Assert.True(StepReplay.Distance(trainer.LastGradient, StepReplay.Run(start, settings, weights, state, batches.Next(), 0.02, 2).Gradient) > StepReplay.Tolerance(precision));
        Assert.NotEqual(trainer.Weights.ToArray(), StepReplay.Run(start, settings, weights, state, batch, 0.021, 2).Weights);
    }

    [Theory]
    [InlineData("equal", new[] { 1f, 2f }, new[] { 1f, 2f }, 0)]
    [InlineData("both zero", new[] { 0f, 0f }, new[] { 0f, -0f }, 0)]
    [InlineData("a tenth", new[] { 3.3f, 4.4f }, new[] { 3f, 4f }, 0.1)]
    [InlineData("something where nothing came out", new[] { 1e-30f }, new[] { 0f }, double.PositiveInfinity)]
    [InlineData("another length", new[] { 1f }, new[] { 1f, 0f }, double.PositiveInfinity)]
    [InlineData("not a number", new[] { float.NaN, 1f }, new[] { 1f, 1f }, double.PositiveInfinity)]
    [InlineData("infinite", new[] { float.PositiveInfinity, 1f }, new[] { 1f, 1f }, double.PositiveInfinity)]
    public void The_distance_is_relative_to_the_recomputed_gradient(string name, float[] claimed, float[] recomputed, double expected) =>
        Assert.True(Math.Abs(StepReplay.Distance(claimed, recomputed) - expected) < 1e-6 || StepReplay.Distance(claimed, recomputed).Equals(expected), name);

    [Fact]
    public void A_small_change_of_the_arithmetic_stays_within_the_tolerance_and_a_changed_gradient_does_not()
    {
        Batch batch = TrainedModels.Batches().Next();
        (float[] four, float[] three) = (Gradient(4), Gradient(3));
        Assert.InRange(StepReplay.Distance(four, three), 0, StepReplay.Tolerance(TrainingPrecision.F32));
        four[500] += 1e-4f * MathF.Sqrt(three.Sum(g => g * g));
        Assert.True(StepReplay.Distance(four, three) > StepReplay.Tolerance(TrainingPrecision.F32));

        float[] Gradient(int microBatches)
        {
            using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), new InnerSettings { MicroBatches = microBatches }, 1);
            trainer.Gradient(batch);
            return trainer.LastGradient.ToArray();
        }
    }
}
