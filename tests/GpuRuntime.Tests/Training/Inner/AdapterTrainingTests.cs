using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

public sealed class AdapterTrainingTests
{
    private static readonly InnerSettings s_settings = new() { Lora = TrainedModels.Lora };

    [Fact]
    public void Only_adapters_are_trained_and_the_model_stays()
    {
        var start = ModelWeights.Random(TrainedModels.Tied, 1);
        float[] before = [.. start.Values];
        using InnerTrainer trainer = new(start, s_settings, 2);
        Assert.Equal(6 * 2, trainer.Layout.Tensors.Count);
        Assert.Equal(("model.layers.0.self_attn.q_proj.lora_A.weight", 4, 32), trainer.Layout.Tensors[0]);
        Assert.Equal(("model.layers.0.self_attn.q_proj.lora_B.weight", 32, 4), trainer.Layout.Tensors[1]);
        Assert.Equal(("model.layers.1.mlp.down_proj.lora_A.weight", 4, 48), trainer.Layout.Tensors[^2]);
        Assert.Equal(trainer.Count, trainer.LastGradient.Length);

        // B starts at 0, so that nothing has changed yet.
        Assert.True(before.AsSpan().SequenceEqual(trainer.ModelValues()));
        Batch batch = TrainedModels.Batches().Next();
        using InnerTrainer plain = new(start, new InnerSettings(), 2);
        Assert.Equal(plain.Gradient(batch).Loss, trainer.Gradient(batch).Loss, 6);
        for (int step = 0; step < 3; step++)
        {
            trainer.Step(batch, 0.01);
        }

        Assert.True(before.AsSpan().SequenceEqual(start.Values));
        float[] merged = trainer.ModelValues();
        for (int tensor = 0; tensor < start.Layout.Tensors.Count; tensor++)
        {
            (int offset, int length) = (start.Layout.Offset(tensor), start.Layout.Length(tensor));
            bool same = before.AsSpan(offset, length).SequenceEqual(merged.AsSpan(offset, length));
            Assert.Equal(!TrainedModels.Lora.Covers(start.Layout.Tensors[tensor].Name), same);
        }
    }

    [Fact]
    public void The_merged_model_is_the_model_plus_scaled_B_A_and_has_the_same_loss()
    {
        var start = ModelWeights.Random(TrainedModels.Untied, 1);
        using InnerTrainer trainer = new(start, s_settings, 2);
        OrderedBatches batches = TrainedModels.Batches();
        for (int step = 0; step < 5; step++)
        {
            trainer.Step(batches.Next(), 0.05);
        }

        var merged = new ModelWeights(TrainedModels.Untied, trainer.ModelValues());
        const string Name = "model.layers.1.mlp.down_proj";
        float[] a = Part(Name + ".lora_A.weight"), b = Part(Name + ".lora_B.weight");
        ReadOnlySpan<float> w = start.Tensor(Name + ".weight").Span, sum = merged.Tensor(Name + ".weight").Span;
        for (int row = 0; row < 32; row++)
        {
            for (int column = 0; column < 48; column++)
            {
                double product = Enumerable.Range(0, 4).Sum(k => (double)b[(row * 4) + k] * a[(k * 48) + column]);
                Assert.Equal((float)(w[(row * 48) + column] + (2.0 * product)), sum[(row * 48) + column]);
            }
        }

        Batch batch = batches.Next();
        using InnerTrainer whole = new(merged, new InnerSettings(), 2);
        using InnerTrainer unadapted = new(start, new InnerSettings(), 2);
        Assert.Equal(whole.Evaluate(batch).Mean, trainer.Evaluate(batch).Mean, 5);
        Assert.True(Math.Abs(unadapted.Evaluate(batch).Mean - trainer.Evaluate(batch).Mean) > 1e-3);

        float[] Part(string name)
        {
            int tensor = trainer.Layout.Tensors.Select(t => t.Name).ToList().IndexOf(name);
            return trainer.Weights.Slice(trainer.Layout.Offset(tensor), trainer.Layout.Length(tensor)).ToArray();
        }
    }

    [Fact]
    public void Gradients_of_adapters_are_slopes_of_the_loss()
    {
        using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), s_settings, 1);
        Batch batch = TrainedModels.Batches().Next();
        trainer.Step(batch, 0.05);
        double norm = trainer.Gradient(batch).GradientNorm;
        float[] gradient = trainer.LastGradient.ToArray(), start = trainer.Weights.ToArray();
        const double Length = 0.02;

        Assert.InRange((At(Length) - At(-Length)) / (2 * Length) / norm, 0.99, 1.01);

        double At(double along)
        {
            trainer.SetWeights([.. start.Select((w, i) => (float)(w + (along * gradient[i] / norm)))]);
            return trainer.Evaluate(batch).Mean;
        }
    }
}
