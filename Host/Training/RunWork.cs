namespace Verathos.Host.Training;

/// <summary>What a worker does in a round.</summary>
/// <param name="Documents">Documents that the beacon assigns to it.</param>
/// <param name="Steps">Inner steps.</param>
/// <param name="Rows">Sequences of a step.</param>
/// <param name="Length">Tokens of a sequence.</param>
/// <param name="LearningRate">Peak learning rate of the inner steps.</param>
/// <param name="FinalLearningRate">Learning rate at the run's last step.</param>
/// <param name="WarmupSteps">Steps of linear warmup.</param>
/// <param name="Bits">Bits of a value that is sent: 2 or 8.</param>
public sealed record RunWork(int Documents, int Steps, int Rows, int Length, double LearningRate, double FinalLearningRate, int WarmupSteps, int Bits)
{
    /// <summary>The learning rates of a round's steps: warmup, then half a cosine over all rounds.</summary>
    /// <param name="round">From 1.</param>
    /// <param name="rounds">Of the run.</param>
    public double[] Rates(ulong round, int rounds)
    {
        long steps = (long)rounds * Steps;
        long first = (long)Math.Min(round - 1, (ulong)rounds) * Steps;
        return [.. Enumerable.Range(0, Steps).Select(step => At(first + step))];

        double At(long step)
        {
            if (step < WarmupSteps)
            {
                return LearningRate * (step + 1) / WarmupSteps;
            }

            double done = Math.Min(1.0, (double)(step - WarmupSteps) / Math.Max(1, steps - WarmupSteps - 1));
            return FinalLearningRate + ((LearningRate - FinalLearningRate) * 0.5 * (1.0 + Math.Cos(Math.PI * done)));
        }
    }

    internal IEnumerable<string> Problems()
    {
        (string Name, bool Valid)[] checks =
        [
            ("work.documents must be above 0", Documents > 0),
            ("work.steps must be from 1 to 8192", Steps is >= 1 and <= 8192),
            ("work.rows must be from 1 to 1024", Rows is >= 1 and <= 1024),
            ("work.length must be from 2 to 65536", Length is >= 2 and <= 65536),
            ("work.learning_rate must be above 0", LearningRate > 0 && double.IsFinite(LearningRate)),
            ("work.final_learning_rate must not be below 0", FinalLearningRate >= 0 && double.IsFinite(FinalLearningRate)),
            ("work.warmup_steps must not be below 0", WarmupSteps >= 0),
            ("work.bits must be 2 or 8", Bits is 2 or 8),
        ];
        return checks.Where(static check => !check.Valid).Select(static check => check.Name);
    }
}
