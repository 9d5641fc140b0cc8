namespace Verathos.Bench.Detection;

/// <summary>What a report must show.</summary>
internal static class DetectionGoals
{
    // Seven products of a layer and one row of logits.
    private const double TailOfACheck = 1e-12;

    public static IReadOnlyList<string> Find(DetectionReport report)
    {
        List<string> failures = [];
        void Must(bool holds, string what)
        {
            if (!holds)
            {
                failures.Add(what);
            }
        }

        Must(report.Calibration.Kappas.Sum(static kappa => kappa.Tail) <= TailOfACheck, "the analytic tail of an opening is above 1e-12");
        Must(report.Calibration.Tables.All(static table => table.PassesGate), "a likelihood table does not pass the gate");
        foreach (AttackReport attack in report.Attacks)
        {
            IEnumerable<DetectionRow> exact = attack.Rows.Where(static row => !row.Test.EndsWith(", f32", StringComparison.Ordinal));
            if (attack.Attack == "none")
            {
                Must(exact.All(static row => row.Caught == 0), "an honest answer was rejected");
                continue;
            }

            Must(exact.Any(static row => row.Caught > 0), $"{attack.Attack} was not caught by any test");
            switch (attack.Attack)
            {
                case var int8 when int8.StartsWith("int8", StringComparison.Ordinal):
                    Must(attack.Of("T1")!.P99 <= 2, $"{attack.Attack} was not caught in two openings");
                    break;
                case "fp8" or "int4-group32":
                    Must(attack.Of("T1")!.P99 == 1, $"{attack.Attack} was not caught in one opening");
                    break;
                case "skipped-layer" or "smaller-model" or "other-temperature" or "greedy-instead" or "other-seed" or "no-nucleus" or "raised-logit":
                    // Margins are counted by answers.
                    Must(exact.Any(static row => row.Caught == row.Tried) || attack.Of("T2 margins, exact")!.Caught + attack.Harmless == attack.Answers, $"{attack.Attack} was not caught in one check of any tier");
                    break;
            }
        }

        Must(report.Forgeries.All(static row => row.Passed == 0), "a forged sketch passed");
        if (report.Grinding is { } grinding)
        {
            // Four standard deviations of a difference of two counts at one half.
            Must(Math.Abs(grinding.Ground - grinding.Plain) <= 4 * Math.Sqrt(grinding.Openings / 2.0), "grinding moved openings");
        }

        if (report.Honest is { } honest)
        {
            Must(honest.Alarms == 0, $"{honest.Alarms} honest openings were rejected");
            Must(honest.Conditions.Select(static row => row.Digest).Distinct().Count() == 1, "the served profile gave other bits under another condition");
            Must(honest.Conditions.Where(static row => row.SeenBy != "f32").All(static row => row.Alarms.Values.All(static alarm => alarm.Caught == 0)), "an exact replay of an honest answer was not exact");
        }

        return failures;
    }
}
