using TorchSharp;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed class OptimiserTests
{
    private static readonly OptimiserSettings s_settings = new(100, 1, 1, 0.01, 0.001, 10, 0.1, 0.9, 0.98, 1, 10, 1);

    public OptimiserTests() => NativeRuntime.Load();

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

    // Against TorchSharp's own AdamW on a gradient below the clipping norm.
    [Fact]
    public void Steps_equal_those_of_the_library()
    {
        using Tensor start = tensor(new float[] { 0.5f, -1f, 2f, 0.25f }, [2, 2]);
        using Tensor ours = start.clone().requires_grad_(), theirs = start.clone().requires_grad_();
        using var optimiser = new AdamW(new Dictionary<string, Tensor> { ["w"] = ours }, s_settings);
        using var reference = optim.AdamW([new TorchSharp.Modules.Parameter(theirs)], lr: 0.01, beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.1);
        for (int step = 0; step < 5; step++)
        {
            ((ours * 0.1f).square().sum() + (ours * 0.05f).sum()).backward();
            optimiser.Step(step, 0.01);
            Tensor parameter = reference.parameters().First();
            parameter.grad?.zero_();
            ((parameter * 0.1f).square().sum() + (parameter * 0.05f).sum()).backward();
            reference.step();
            Assert.True(allclose(ours, parameter, rtol: 1e-6, atol: 1e-7));
        }
    }

    [Fact]
    public void A_large_gradient_is_clipped_and_a_vector_does_not_decay()
    {
        using Tensor vector = tensor(new float[] { 1f, 1f }).requires_grad_();
        using var optimiser = new AdamW(new Dictionary<string, Tensor> { ["v"] = vector }, s_settings);
        (vector * tensor(new float[] { 30f, 0f })).sum().backward();
        Assert.Equal(30, optimiser.Step(0, 0.01), 6);
        float[] first = optimiser.Moments["v"].First.data<float>().ToArray();
        Assert.Equal(0.1f, first[0], 6);
        Assert.Equal(1f, vector.data<float>().ToArray()[1]);
    }
}
