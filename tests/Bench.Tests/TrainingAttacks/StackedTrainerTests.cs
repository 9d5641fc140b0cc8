using Verathos.Bench.TrainingAttacks;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.GpuRuntime.Training.Stacked;

namespace Verathos.Bench.Tests.TrainingAttacks;

public sealed class StackedTrainerTests
{
    private const int Copies = 3;
    private const int Rows = 2;
    private static readonly ModelShape Shape = new(48, 96, 2, 4, 4, 32, 10_000, 1e-5);

    [Fact]
    public void A_stack_trains_each_copy_as_the_trainer_of_one_does()
    {
        const int Vocabulary = 40, Length = 24;
        ModelConfig config = Shape.ToConfig(Vocabulary);
        StackedSettings settings = new(Beta1: 0.8, Epsilon: 1e-4, ClipNorm: 0.5);
        InnerSettings inner = new() { MicroBatches = 1, Beta1 = settings.Beta1, Beta2 = settings.Beta2, Epsilon = settings.Epsilon, ClipNorm = settings.ClipNorm };
        ModelWeights start = ModelWeights.Random(config, 7);
        Random random = new(1);
        StackedTrainer stack = new(Shape, Vocabulary, Copies, settings);
        StackedEvaluator evaluator = new(Shape, Vocabulary);
        Assert.Equal(start.Layout.Tensors, stack.Tensors);
        InnerTrainer[] single = [.. Enumerable.Range(0, Copies).Select(_ => new InnerTrainer(start, inner, 1))];
        for (int copy = 0; copy < Copies; copy++)
        {
            stack.Set(copy, start.Values);
        }

        for (int step = 0; step < 4; step++)
        {
            long[] inputs = [.. Enumerable.Range(0, Copies * Rows * Length).Select(_ => (long)random.Next(Vocabulary))];
            long[] targets = [.. Enumerable.Range(0, inputs.Length).Select(_ => (long)random.Next(Vocabulary))];
            float[][] gradients =
            [
                .. Enumerable.Range(0, Copies).Select(copy => evaluator.Gradient(
                    stack.Weights(copy), inputs.AsSpan(copy * Rows * Length, Rows * Length), targets.AsSpan(copy * Rows * Length, Rows * Length), Length)),
            ];
            double[] losses = stack.Step(inputs, targets, Rows, 1e-2);
            for (int copy = 0; copy < Copies; copy++)
            {
                int from = copy * Rows * Length, to = from + (Rows * Length);
                StepResult result = single[copy].Step(new Batch(Length, inputs[from..to], [.. Enumerable.Range(0, to - from).Select(i => (long)i)], targets[from..to]), 1e-2);
                Assert.Equal(result.Loss, losses[copy], 1e-5);
                Assert.True(result.GradientNorm > settings.ClipNorm);
                Assert.InRange(StepReplay.Distance(gradients[copy], single[copy].LastGradient), 0, 1e-5);
                float[] weights = new float[stack.Count];
                stack.Get(copy, weights);
                Assert.InRange(StepReplay.Distance(weights, single[copy].Weights), 0, 1e-5);
            }
        }

        Array.ForEach(single, trainer => trainer.Dispose());
    }

    [Fact]
    public void A_rows_loss_and_a_sets_gradient_are_the_trainers_and_do_not_depend_on_the_rest()
    {
        AttackCorpus corpus = AttackCorpus.Create(64);
        AttackObjective objective = new(corpus);
        float[] weights = AttackModel.Start(5);
        Verathos.Training.Judging.DocumentLoss[] all = [.. objective.Losses(weights, [.. Enumerable.Range(0, 40)])];
        Assert.Equal(all[7..9], objective.Losses(weights, [7, 8]));
        using InnerTrainer trainer = new(new ModelWeights(AttackModel.Shape.ToConfig(AttackCorpus.Vocabulary), weights), new InnerSettings { MicroBatches = 1 }, 1);
        (long[] inputs, long[] targets) = corpus.Rows([3, 4, 5]);
        Batch batch = new(AttackCorpus.Length, inputs, [.. Enumerable.Range(0, inputs.Length).Select(i => (long)i)], targets);
        Assert.Equal(trainer.Gradient(batch).Loss, all[3..6].Average(loss => loss.Mean), 1e-5);
        float[] gradient = objective.Gradient(weights, [3, 4, 5]);
        Assert.InRange(StepReplay.Distance(gradient, trainer.LastGradient), 0, 1e-5);
        Verathos.Training.Judging.ITrainingObjective together = objective;
        Assert.Equal(gradient, together.Gradients(weights, [[3, 4, 5], [9, 10, 11]])[0]);
    }
}
