namespace Verathos.Bench.Canaries;

/// <summary>Logistic regression by stochastic gradient descent with AdaGrad's steps and a weight against large coefficients.</summary>
public sealed class Classifier
{
    private const int Passes = 6;
    private const double Step = 0.15;
    private const double Shrink = 2e-5;

    private readonly double[] _weights;
    private readonly double[] _means;
    private readonly double[] _deviations;

    private Classifier(double[] weights, double[] means, double[] deviations) => (_weights, _means, _deviations) = (weights, means, deviations);

    /// <summary>Learns to tell those that are from those that are not.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="are">Whether each is.</param>
    /// <param name="random">Draws the order.</param>
    public static Classifier Learn(IReadOnlyList<Features> examples, IReadOnlyList<bool> are, Random random)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(are);
        ArgumentNullException.ThrowIfNull(random);
        int sizes = examples[0].Sizes.Length;
        double[] means = [.. Enumerable.Range(0, sizes).Select(i => examples.Average(example => example.Sizes[i]))];
        double[] deviations = [.. Enumerable.Range(0, sizes).Select(i => Math.Sqrt(examples.Average(example => Math.Pow(example.Sizes[i] - means[i], 2))) is var deviation && deviation > 1e-9 ? deviation : 1)];
        double[] weights = new double[Features.Width + (2 * sizes) + 1];
        double[] steps = new double[weights.Length];
        Classifier classifier = new(weights, means, deviations);
        int[] order = [.. Enumerable.Range(0, examples.Count)];
        for (int pass = 0; pass < Passes; pass++)
        {
            random.Shuffle(order);
            foreach (int at in order)
            {
                Features example = examples[at];
                double error = (are[at] ? 1 : 0) - (1 / (1 + Math.Exp(-classifier.Score(example))));
                for (int i = 0; i < example.Places.Length; i++)
                {
                    Move(example.Places[i], example.Values[i]);
                }

                for (int i = 0; i < sizes; i++)
                {
                    (double value, double square) = classifier.Scaled(example, i);
                    Move(Features.Width + (2 * i), value);
                    Move(Features.Width + (2 * i) + 1, square);
                }

                Move(weights.Length - 1, 1);

                void Move(int place, double value)
                {
                    double gradient = (error * value) - (Shrink * weights[place]);
                    steps[place] += gradient * gradient;
                    weights[place] += Step * gradient / (1e-6 + Math.Sqrt(steps[place]));
                }
            }
        }

        return classifier;
    }

    /// <summary>The logarithm of the odds that it is.</summary>
    public double Score(Features example)
    {
        ArgumentNullException.ThrowIfNull(example);
        double sum = _weights[^1];
        for (int i = 0; i < example.Places.Length; i++)
        {
            sum += _weights[example.Places[i]] * example.Values[i];
        }

        for (int i = 0; i < example.Sizes.Length; i++)
        {
            (double value, double square) = Scaled(example, i);
            sum += (_weights[Features.Width + (2 * i)] * value) + (_weights[Features.Width + (2 * i) + 1] * square);
        }

        return sum;
    }

    // A size of about the weight of a word, and its square, so that what is neither small nor large can be told too.
    private (double Value, double Square) Scaled(Features example, int size)
    {
        double value = (example.Sizes[size] - _means[size]) / _deviations[size] / 4;
        return (value, (value * value * 4) - 0.25);
    }
}
