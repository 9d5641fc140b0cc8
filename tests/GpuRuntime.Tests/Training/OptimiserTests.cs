using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed class OptimiserTests
{
    private static readonly OptimiserSettings s_settings = new(OptimiserKind.AdamW, TrainingPrecision.F32, 100, 30, 5, 1, 1, 1, 0.01, 0.001, 10, 0.1, 0.9, 0.98, 1);

    [Fact]
    public void The_rate_rises_to_its_peak_and_falls_to_its_end()
    {
        double[] rates = [.. Enumerable.Range(0, 100).Select(s => LearningRateSchedule.At(s, s_settings))];
        Assert.Equal(0.001, rates[0], 12);
        Assert.Equal(0.01, rates[9], 12);
        Assert.Equal(0.01, rates.Max(), 12);
        Assert.Equal(0.001, rates[99], 12);
        Assert.Equal(rates[10..].OrderDescending(), rates[10..]);
    }

    [Fact]
    public void Rounds_take_all_steps_in_order_and_the_last_may_be_short()
    {
        Assert.Equal(4, s_settings.RoundCount());
        Assert.Equal([0, 30, 60, 90, 100], Enumerable.Range(0, 5).Select(s_settings.StepsBefore));
        Assert.Equal(Enumerable.Range(0, 100).Select(s => LearningRateSchedule.At(s, s_settings)), Enumerable.Range(0, 4).SelectMany(s_settings.Rates));
        InnerSettings inner = s_settings.ToInnerSettings();
        Assert.Equal((0.1, 0.9, 0.98, 1, 1), (inner.WeightDecay, inner.Beta1, inner.Beta2, inner.ClipNorm, inner.MicroBatches));
    }
}
