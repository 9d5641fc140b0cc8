using TorchSharp;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

public sealed class InnerTrainerTests
{
    public static TheoryData<OptimiserKind, TrainingPrecision, bool> Kinds => TrainedModels.Kinds;

    public InnerTrainerTests() => NativeRuntime.Load();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_run_that_was_kept_and_continued_equals_one_in_one_piece_bit_for_bit(OptimiserKind optimiser, TrainingPrecision precision, bool lora)
    {
        InnerSettings settings = TrainedModels.Settings(optimiser, precision, lora);
        var start = ModelWeights.Random(TrainedModels.Untied, 1);
        using InnerTrainer whole = new(start, settings, 1);
        OrderedBatches batches = TrainedModels.Batches();
        List<double> losses = [];
        for (int step = 0; step < 5; step++)
        {
            losses.Add(whole.Step(batches.Next(), 0.01).Loss);
        }

        batches = TrainedModels.Batches();
        using InnerTrainer first = new(start, settings, 1);
        first.Step(batches.Next(), 0.01);
        first.Step(batches.Next(), 0.01);
        using InnerTrainer second = new(start, settings, 1);
        second.SetWeights(first.Weights);
        second.SetState(first.GetState());
        batches = new OrderedBatches(TrainedModels.Documents(50), 6, 24, batches.Position);
        double[] rest = [second.Step(batches.Next(), 0.01).Loss, second.Step(batches.Next(), 0.01).Loss, second.Step(batches.Next(), 0.01).Loss];

        Assert.Equal(losses[2..], rest);
        Assert.Equal(5, second.Steps);
        Assert.Equal(TrainedModels.Everything(whole), TrainedModels.Everything(second));
        Assert.NotEqual(TrainedModels.Everything(whole), TrainedModels.Everything(first));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_number_of_threads_changes_no_bit(OptimiserKind optimiser, TrainingPrecision precision, bool lora)
    {
        (string one, string three) = (Run(1), Run(3));

        Assert.Equal(one, three);

        string Run(int threads)
        {
            using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), TrainedModels.Settings(optimiser, precision, lora), threads);
            OrderedBatches batches = TrainedModels.Batches();
            double loss = 0;
            for (int step = 0; step < 3; step++)
            {
                loss = trainer.Step(batches.Next(), 0.01).Loss;
            }

            EncodedDocument[] documents = TrainedModels.Documents(90);
            double[] losses = [loss, .. trainer.Evaluate(documents).Select(l => l.Sum)];
            return TrainedModels.Everything(trainer) + string.Join(' ', losses) + TrainedModels.Digest(trainer.HeldOutGradient(documents, out _), []);
        }
    }

    [Theory]
    [InlineData(TrainingPrecision.F32, 1e-6)]
    [InlineData(TrainingPrecision.Bf16, 1e-2)]
    public void A_batch_in_one_pass_and_in_four_has_the_same_gradient(TrainingPrecision precision, double tolerance)
    {
        Batch batch = TrainedModels.Batches().Next();
        (StepResult result, float[] gradient) = Run(1);
        (StepResult cut, float[] sum) = Run(4);

        Assert.Equal(result.Tokens, cut.Tokens);
        Assert.Equal(result.Loss, cut.Loss, precision == TrainingPrecision.F32 ? 6 : 2);
        Assert.InRange(Distance(gradient, sum), 0, tolerance);
        Assert.Equal(Norm(sum), cut.GradientNorm, 6);

        (StepResult, float[]) Run(int microBatches)
        {
            using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), new InnerSettings { MicroBatches = microBatches, Precision = precision }, 2);
            return (trainer.Gradient(batch), trainer.LastGradient.ToArray());
        }
    }

    // The other model of this room is a second definition of the same network.
    [Fact]
    public void Loss_and_gradient_are_those_of_the_model_written_out()
    {
        Batch batch = TrainedModels.Batches().Next();
        using var model = LlamaTrainingModel.Create(TrainedModels.Shape, 96, 1);
        using Tensor ids = tensor(batch.Inputs, [batch.Rows, batch.Length]), places = tensor(batch.Places), targets = tensor(batch.Targets);
        using Tensor logits = model.Forward(ids, places);
        using Tensor loss = nn.functional.cross_entropy(logits, targets);
        loss.backward();
        float[] expected = [.. model.Parameters.Values.SelectMany(p => p.grad!.data<float>().ToArray())];
        using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), new InnerSettings(), 2);

        Assert.Equal(loss.item<float>(), trainer.Gradient(batch).Loss, 5);
        Assert.InRange(Distance(trainer.LastGradient, expected), 0, 1e-5);
        Assert.Equal(loss.item<float>(), trainer.Evaluate(batch).Mean, 5);
        Assert.Equal(model.Parameters.Keys, trainer.Layout.Tensors.Select(t => t.Name));
    }

    [Fact]
    public void An_untied_output_has_a_gradient_of_its_own()
    {
        var start = ModelWeights.Random(TrainedModels.Untied, 1);
        start.Tensor(ModelTensors.Embedding).Span.CopyTo(start.Values.AsSpan(start.Layout.Offset(start.Layout.Tensors.Count - 1)));
        Batch batch = TrainedModels.Batches().Next();
        using InnerTrainer untied = new(start, new InnerSettings(), 1);
        using InnerTrainer tied = new(new ModelWeights(TrainedModels.Tied, start.Values[..^(96 * 32)]), new InnerSettings(), 1);

        Assert.Equal(tied.Gradient(batch).Loss, untied.Gradient(batch).Loss, 6);
        float[] both = [.. Enumerable.Range(0, 96 * 32).Select(i => untied.LastGradient[i] + untied.LastGradient[^((96 * 32) - i)])];
        Assert.InRange(Distance(both, tied.LastGradient[..(96 * 32)]), 0, 1e-5);
    }

    [Fact]
    public void Gradients_are_slopes_of_the_loss()
    {
        using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Untied, 1), new InnerSettings(), 1);
        EncodedDocument[] documents = TrainedModels.Documents(40);
        float[] gradient = trainer.HeldOutGradient(documents, out DocumentLoss total);
        float[] start = trainer.Weights.ToArray();
        const double Length = 0.02;
        double norm = Norm(gradient);
        Assert.Equal(trainer.Evaluate(documents).Sum(l => l.Sum), total.Sum, 2);
        (double up, double down) = (At(Length), At(-Length));

        Assert.InRange((up - down) / (2 * Length) / norm, 0.99, 1.01);

        double At(double along)
        {
            trainer.SetWeights([.. start.Select((w, i) => (float)(w + (along * gradient[i] / norm)))]);
            IReadOnlyList<DocumentLoss> losses = trainer.Evaluate(documents);
            return losses.Sum(l => l.Sum) / losses.Sum(l => l.Tokens);
        }
    }

    [Fact]
    public void Losses_of_documents_do_not_depend_on_the_documents_beside_them_and_sum_to_the_batchs()
    {
        using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), new InnerSettings(), 2);
        EncodedDocument[] documents = [.. TrainedModels.Documents(300), new EncodedDocument([], []), new EncodedDocument([5], [true])];
        IReadOnlyList<DocumentLoss> together = trainer.Evaluate(documents);

        Assert.Equal(documents.Length, together.Count);
        Assert.Equal((0, 0), (together[^1].Tokens, together[^2].Tokens));
        for (int i = 0; i < 20; i++)
        {
            DocumentLoss alone = trainer.Evaluate([documents[i]])[0];
            Assert.Equal(documents[i].Learned.Skip(1).Count(l => l), alone.Tokens);
            Assert.Equal(alone.Tokens, together[i].Tokens);
            Assert.Equal(alone.Sum, together[i].Sum, 3);
        }

        Assert.Equal(documents[0].Learned.Skip(1).Take(5).Count(l => l), trainer.Evaluate([documents[0]], maxLength: 5)[0].Tokens);
    }

    [Fact]
    public void What_cannot_be_learned_is_refused_and_changes_nothing()
    {
        using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), new InnerSettings(), 2);
        string before = TrainedModels.Everything(trainer);
        Batch batch = TrainedModels.Batches().Next();

        Refused("too few rows", () => trainer.Step(batch.Slice(0, 3), 0.1), "micro-batches");
        Refused("nothing to learn", () => trainer.Step(batch with { Places = [], Targets = [] }, 0.1), "no token to learn");
        Refused("too long", () => trainer.Step(TrainedModels.Batches(length: 65).Next(), 0.1), "positions");
        Refused("state of another optimiser", () => trainer.SetState([.. trainer.GetState().Skip(1)]), "not that of this optimiser");
        Refused("state with another step", () => trainer.SetState([("step", BitConverter.GetBytes(-1L)), .. trainer.GetState().Skip(1)]), "below 0");
        Refused("weights of another model", () => trainer.SetWeights(new float[3]), "weights to train");
        Assert.ThrowsAny<Exception>(() => trainer.Step(batch with { Targets = [.. batch.Targets.Select(_ => 4000L)] }, 0.1));
        Assert.Equal(before, TrainedModels.Everything(trainer));

        float[] broken = trainer.Weights.ToArray();
        broken[7] = float.NaN;
        trainer.SetWeights(broken);
        Refused("not finite", () => trainer.Step(TrainedModels.Batches().Next(), 0.1), "not finite");
        Assert.Equal(0, trainer.Steps);

        static void Refused(string what, Action action, string message)
        {
            TrainingException refusal = Assert.Throws<TrainingException>(action);
            Assert.True(refusal.Message.Contains(message, StringComparison.Ordinal), $"{what}: {refusal.Message}");
        }
    }

    [Fact]
    public void Other_threads_keep_their_number_of_helpers()
    {
        int before = 0, after = 0;
        Alone(() => before = get_num_threads());
        using (InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), new InnerSettings(), 2))
        {
            trainer.Step(TrainedModels.Batches().Next(), 0.1);
            Alone(() => after = get_num_threads());
        }

        Assert.Equal(before, after);

        static void Alone(Action action)
        {
            Thread thread = new(() => action());
            thread.Start();
            thread.Join();
        }
    }

    [Fact]
    public void The_profile_names_precision_library_and_processor()
    {
        Assert.Matches(@"^train-f32-torch2\.\d+\.\d+-(avx512|avx2|default)-(intel|amd|other)/1$", InnerTrainer.ProfileOf(TrainingPrecision.F32));
        Assert.Matches(@"^train-bf16-torch2\.\d+\.\d+-(avx512|avx2|default)(-bf16)?(-amx)?-(intel|amd|other)/1$", InnerTrainer.ProfileOf(TrainingPrecision.Bf16));
    }

    internal static double Distance(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        double squares = 0;
        for (int i = 0; i < left.Length; i++)
        {
            squares += Math.Pow(left[i] - right[i], 2);
        }

        return Math.Sqrt(squares) / Norm(right);
    }

    private static double Norm(ReadOnlySpan<float> values)
    {
        double squares = 0;
        foreach (float value in values)
        {
            squares += (double)value * value;
        }

        return Math.Sqrt(squares);
    }
}
