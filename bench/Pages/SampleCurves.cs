using Verathos.Validator.Reports;

namespace Verathos.Bench.Pages;

/// <summary>A made-up training run in which everything happens that its page can show.</summary>
public static class SampleCurves
{
    /// <summary>Makes one, always the same.</summary>
    /// <param name="workers">Workers.</param>
    /// <param name="rounds">Rounds; one of them is given up.</param>
    public static TrainingCurves Make(int workers, int rounds)
    {
        Random random = new(1);
        List<CurveRound> made = [];
        for (int round = 1; round <= rounds; round++)
        {
            double before = 2 + (3 * Math.Exp(-(round - 1) / 12.0));
            double after = 2 + (3 * Math.Exp(-round / 12.0));
            made.Add(round == rounds / 2
                ? new CurveRound((ulong)round, null, null, [])
                : new CurveRound((ulong)round, before, after, [.. Enumerable.Range(0, workers).Select(worker => Contribution(random, worker, round, before))]));
        }

        return new TrainingCurves("sample <run> & \"more\"", made);
    }

    private static CurveWorker Contribution(Random random, int worker, int round, double loss)
    {
        string verdict = (worker, round % 7) switch { (0, 3) => "norm", (1, 5) => "seal.gradient-root", _ => "accepted" };
        return new CurveWorker(
            $"{0x3fa9c1d2 + (worker * 7919):x8}", [.. Enumerable.Range(0, 4).Select(step => (float)(loss + (random.NextDouble() * 0.3) - (step * 0.02)))], verdict,
            verdict == "accepted" ? 0.02 + (random.NextDouble() * 0.01) : 0, verdict == "accepted" ? random.Next(1000, 90000) : 0);
    }
}
