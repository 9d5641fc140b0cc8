using System.Runtime.Intrinsics;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Stacked;

namespace Verathos.GpuRuntime.Tests.Training.Stacked;

public sealed unsafe class RowModelTests
{
    // Heads of 12, rows that fill no register, and a vocabulary that fills no tile.
    private const int Vocabulary = 41;
    private const int Length = 19;
    private static readonly ModelShape Shape = new(48, 80, 2, 4, 4, 32, 10_000, 1e-5);

    [Fact]
    public void The_gradient_is_what_the_loss_does_when_each_tensor_moves()
    {
        StackedEvaluator evaluator = new(Shape, Vocabulary);
        (float[] weights, Random random) = Start(3);
        (long[] inputs, long[] targets) = Rows(random, 3);
        float[] gradient = evaluator.Gradient(weights, inputs, targets, Length);
        int from = 0;
        foreach ((string name, int rows, int columns) in RowModel.LayoutOf(Shape, Vocabulary))
        {
            // Along the gradient itself, where the slope is the norm, and along a direction that has nothing to do with it.
            float[] part = gradient[from..(from + (rows * columns))];
            double norm = Math.Sqrt(part.Sum(value => (double)value * value));
            Check(name, from, [.. part.Select(value => value / norm)], norm, gradient, weights);
            Check(name, from, [.. part.Select(_ => Gaussian(random) / Math.Sqrt(part.Length))], norm, gradient, weights);
            from += part.Length;
        }

        void Check(string name, int at, double[] direction, double norm, float[] of, float[] start)
        {
            double step = 0.02, expected = 0;
            for (int i = 0; i < direction.Length; i++)
            {
                expected += direction[i] * of[at + i];
            }

            double slope = (Loss(at, direction, step, start) - Loss(at, direction, -step, start)) / (2 * step);
            Assert.True(Math.Abs(slope - expected) < 0.02 * norm, $"{name}: {slope} and {expected}, norm {norm}");
        }

        double Loss(int at, double[] direction, double step, float[] start)
        {
            float[] moved = [.. start];
            for (int i = 0; i < direction.Length; i++)
            {
                moved[at + i] += (float)(step * direction[i]);
            }

            return evaluator.RowLosses(moved, inputs, targets, Length).Sum() / inputs.Length;
        }
    }

    [Fact]
    public void A_rows_losses_and_gradient_do_not_depend_on_its_neighbours_or_on_what_was_asked_before()
    {
        StackedEvaluator evaluator = new(Shape, Vocabulary);
        (float[] weights, Random random) = Start(5);
        (long[] inputs, long[] targets) = Rows(random, 7);
        float[] all = evaluator.TokenLosses(weights, inputs, targets, Length);
        for (int row = 0; row < 7; row++)
        {
            Range of = (row * Length)..((row + 1) * Length);
            Assert.Equal(all[of], new StackedEvaluator(Shape, Vocabulary).TokenLosses(weights, inputs[of], targets[of], Length));
            float[] gradient = new StackedEvaluator(Shape, Vocabulary).Gradient(weights, inputs[of], targets[of], Length);
            Assert.Equal(gradient, evaluator.Gradient(weights, inputs[of], targets[of], Length));
            Assert.Equal(all[of], evaluator.TokenLosses(weights, inputs[of], targets[of], Length));

            // Nor on what follows in the row itself.
            Range start = (row * Length)..((row * Length) + 9);
            Assert.Equal(all[start], evaluator.TokenLosses(weights, inputs[start], targets[start], 9), (a, b) => Math.Abs(a - b) < 1e-5);
        }
    }

    [Fact]
    public void Tokens_and_shapes_that_it_does_not_take_are_refused()
    {
        StackedEvaluator evaluator = new(Shape, Vocabulary);
        (float[] weights, Random random) = Start(1);
        (long[] inputs, long[] targets) = Rows(random, 1);
        Assert.Throws<ArgumentException>(() => evaluator.TokenLosses(weights.AsSpan(1), inputs, targets, Length));
        Assert.Throws<ArgumentException>(() => evaluator.TokenLosses(weights, inputs, targets, Length - 1));
        Assert.Throws<ArgumentException>(() => evaluator.TokenLosses(weights, new long[33], new long[33], 33));
        Assert.Throws<ArgumentException>(() => evaluator.TokenLosses(weights, [Vocabulary], [0], 1));
        Assert.Throws<ArgumentException>(() => evaluator.TokenLosses(weights, [0], [-1], 1));
        Assert.Throws<ArgumentException>(() => new RowModel(Shape with { NumKeyValueHeads = 2 }, Vocabulary));
        Assert.Throws<ArgumentException>(() => new RowModel(Shape with { IntermediateSize = 72 }, Vocabulary));
        Assert.Throws<ArgumentException>(() => new RowModel(Shape with { HiddenSize = 40 }, Vocabulary));
    }

    [Fact]
    public void Products_of_every_number_of_rows_and_columns_are_right()
    {
        Random random = new(2);
        foreach (int rows in Enumerable.Range(1, 14))
        {
            foreach (int columns in (int[])[16, 32, 48, 64, 80, 96, 112, 224])
            {
                foreach (bool adds in (bool[])[false, true])
                {
                    const int Count = 21;
                    float[] a = Numbers(random, rows * Count), b = Numbers(random, Count * columns), c = Numbers(random, rows * columns), start = [.. c];
                    fixed (float* x = a, y = b, z = c)
                    {
                        Products.Multiply(x, 1, rows, y, z, rows, columns, Count, adds ? z : null);
                    }

                    for (int i = 0; i < c.Length; i++)
                    {
                        float sum = adds ? start[i] : 0;
                        for (int k = 0; k < Count; k++)
                        {
                            sum = MathF.FusedMultiplyAdd(b[(k * columns) + (i % columns)], a[(k * rows) + (i / columns)], sum);
                        }

                        Assert.Equal(sum, c[i]);
                    }
                }
            }
        }
    }

    [Fact]
    public void The_exponential_is_right_to_two_units_of_the_last_place()
    {
        for (double x = -86.9; x < 87.9; x += 0.00317)
        {
            float argument = (float)x;
            double expected = Math.Exp(argument);
            Assert.InRange(Math.Abs(RowMath.Exp(Vector512.Create(argument))[3] - expected) / expected, 0, 2 * Math.Pow(2, -23));
        }

        Assert.Equal(1, RowMath.Exp(Vector512<float>.Zero)[0]);
        Assert.InRange(RowMath.Exp(Vector512.Create(float.NegativeInfinity))[0], 0, 1e-37f);
        Assert.True(float.IsNaN(RowMath.Exp(Vector512.Create(float.NaN))[0]));
    }

    private static (float[] Weights, Random Random) Start(int seed)
    {
        Random random = new(seed);
        return ([.. RowModel.LayoutOf(Shape, Vocabulary).SelectMany(t => Enumerable.Range(0, t.Rows * t.Columns).Select(_ => (float)((t.Rows == 1 ? 1 : 0) + (0.15 * Gaussian(random)))))], random);
    }

    private static (long[] Inputs, long[] Targets) Rows(Random random, int rows) => (Tokens(random, rows * Length), Tokens(random, rows * Length));

    private static long[] Tokens(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(Vocabulary))];

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)Gaussian(random))];

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
