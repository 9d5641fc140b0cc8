using System.Globalization;
using System.Text;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Statistics;
using Verathos.GpuRuntime.Fingerprints;

namespace Verathos.Bench.Detection;

/// <summary>Reports as the page docs/detection.md.</summary>
public static class DetectionMarkdown
{
    private const string Introduction = """
        # Detection

        What each test of `docs/fingerprints.md` sees of nodes that compute something else than they say, how fast, and that none of them sees an honest
        node. This page is written by `verathos bench detection`; counts are raw, and the same seed gives the same counts.

        **What protects what.** An opening judges one layer and one row of logits at one step. It says nothing about steps that were not opened: those are
        protected by probability alone. A node that cheats on a share s of steps or layers passes n openings with a chance of (1 - s)^n, and no check of
        opened steps can lower it. A change of one element in one layer, or of one step, is therefore likely to pass any one audit; it has to pass all
        audits of all epochs. Replays (T2, T3) look at whole answers, and only at those of the validator's own canaries.

        **Tests.** T1: openings, judged from keys without weights: *rows* are the secret rows compared bit by bit, *residuals* the sixteen secret
        vectors, *links* everything that leads to the commitment, *attention* the head that is computed again, *logits* the output's key, *output rows* the
        logits computed again from opened rows, *sampler* the draw repeated. T2: sketches and TOPLOC proofs chunk by chunk and margins answer by answer, against a
        replay; exact where the validator computes the node's profile, within measured limits where it computes in binary32 (`f32`). T3: all step
        hashes of an answer against a replay. Attacks change the running model's weights, caches, outputs, draws or
        receipts; what is committed and shown is what was then computed.

        *Until caught* gives independent checks of a kind until the cheat is caught in half and in 99 of 100 cases, from the share that was caught.

        """;

    /// <summary>The page.</summary>
    public static string Write(IReadOnlyList<DetectionReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        StringBuilder page = new();
        page.AppendLine(Introduction.TrimEnd()).AppendLine();
        page.AppendLine("Written by").AppendLine().AppendLine("```").AppendLine(CommandOf(reports)).AppendLine("```").AppendLine();
        Totals(page, reports);
        foreach (DetectionReport report in reports)
        {
            page.AppendLine(Invariant($"## {report.Model}")).AppendLine();
            page.AppendLine(Invariant($"{report.Shape}; manifest `{report.ManifestRoot}`; `{report.Profile}`, seed {report.Seed}; {report.Tokens}, {report.OpeningsPerAnswer} openings of each answer.")).AppendLine();
            Limits(page, report.Calibration);
            if (report.Honest is { } honest)
            {
                Honest(page, honest);
            }

            Attacks(page, report);
            Others(page, report);
            page.AppendLine(report.Holds ? "Everything that must hold holds." : "**Does not hold**: " + string.Join("; ", report.Failures) + ".").AppendLine();
        }

        return page.ToString().TrimEnd() + "\n";
    }

    /// <summary>Checks until caught, median and 99 %.</summary>
    public static string Until(DetectionRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Median is { } median ? Invariant($"{median}, {row.P99}") : "never";
    }

    /// <summary>The least and the greatest share caught, in percent.</summary>
    public static string Range(IEnumerable<DetectionRow> rows)
    {
        double[] shares = [.. rows.Where(static row => row.Tried > 0).Select(static row => 100.0 * row.Caught / row.Tried)];
        return shares.Length == 0 ? "-" : Invariant($"{shares.Min():0}, {shares.Max():0} %");
    }

    // Paths do not belong into a page.
    private static string CommandOf(IReadOnlyList<DetectionReport> reports) =>
        $"verathos bench detection {string.Join(' ', reports.Select(static report => "--model " + report.Argument))} --seed {reports[0].Seed.ToString(CultureInfo.InvariantCulture)} --write docs/detection.md --policies policies/fingerprints";

    private static void Totals(StringBuilder page, IReadOnlyList<DetectionReport> reports)
    {
        HonestReport[] honest = [.. reports.Where(static report => report.Honest is not null).Select(static report => report.Honest!)];
        if (honest.Length > 0)
        {
            (long openings, long alarms) = (honest.Sum(static h => h.Layers + h.Logits), honest.Sum(static h => h.Alarms));
            page.AppendLine(Invariant($"**Honest openings**: {alarms} alarms in {openings:N0}. "));
            page.AppendLine(alarms == 0
                ? Invariant($"At 95 % this shows a rate below {AlarmRate.UpperBoundOfNone(openings):0.0E0} an opening and no less; by the measured kappas the analytic tail of an opening's eight products is at most {reports.Max(static report => report.Calibration.Kappas.Sum(static kappa => kappa.Tail)):0.0E0}.")
                : "This is not as it must be.").AppendLine();
        }

        long tried = reports.Sum(static report => report.Forgeries.Sum(static row => row.Tried));
        if (tried > 0)
        {
            long passed = reports.Sum(static report => report.Forgeries.Sum(static row => row.Passed));
            page.AppendLine(Invariant($"**Forged sketches**: {passed} of {tried:N0} passed{(passed == 0 ? Invariant($", a rate below {AlarmRate.UpperBoundOfNone(tried):0.0E0} at 95 %") : "")}.")).AppendLine();
        }
    }

    private static void Limits(StringBuilder page, CalibrationResult calibration)
    {
        page.AppendLine("Kappa of honest products, from the weights (of logits from keys), and the residual's limit that follows:").AppendLine();
        page.AppendLine("| matrix | products | mean | greatest | limit | tail at the greatest |").AppendLine("|---|---|---|---|---|---|");
        foreach (MatrixKappa kappa in calibration.Kappas)
        {
            page.AppendLine(Invariant($"| {kappa.Matrix} | {kappa.Products} | {kappa.Mean:G3} | {kappa.Greatest:G3} | {kappa.Limit:G4} | {kappa.Tail:0.0E0} |"));
        }

        page.AppendLine();
        foreach (ModelLimits limits in calibration.Limits)
        {
            page.AppendLine(Invariant($"Replays seen as `{limits.Profile}`: TOPLOC up to {limits.Toploc.ExponentMismatches} exponents, mean {limits.Toploc.MeanHundredths / 100.0:0.00}, median {limits.Toploc.MedianTwice / 2.0:0.0}; sketches up to {string.Join(", ", limits.Sketches.Billionths.OrderBy(static pair => pair.Key).Select(static pair => Invariant($"{pair.Value / 1e9:0.0E0} after {pair.Key}")))}."));
        }

        page.AppendLine();
    }

    private static void Honest(StringBuilder page, HonestReport honest)
    {
        page.AppendLine(Invariant($"Honest: {honest.Layers:N0} layers and {honest.Logits:N0} rows of logits, each of another step or layer, under {honest.Keys} sets of keys: {honest.Alarms} alarms (95 % bound {honest.Bound:0.0E0}); the greatest residual was {honest.GreatestShare:0.00} of its limit."));
        page.AppendLine();
        page.AppendLine("| condition of the node | replayed in | commitments | beyond a limit, of how many | greatest: TOPLOC exponents, mean; sketches | tokens drawn otherwise |").AppendLine("|---|---|---|---|---|---|");
        foreach (ConditionRow row in honest.Conditions)
        {
            string greatest = Invariant($"{row.Greatest["toploc exponents"]:0}, {row.Greatest["toploc mean"]:0.00}; ") + string.Join(", ", row.Greatest.Where(static pair => pair.Key.StartsWith("sketch", StringComparison.Ordinal)).Select(static pair => Invariant($"{pair.Value:0.0E0}")));
            page.AppendLine(Invariant($"| {row.Condition} | {row.SeenBy} | {row.Digest[..12]} | {row.Alarms.Values.Sum(static alarm => alarm.Caught)} of {row.Alarms.Values.Sum(static alarm => alarm.Tried)} | {greatest} | {100 * row.Greatest["tokens drawn otherwise"]:0.00} % |"));
        }

        page.AppendLine();
    }

    private static void Attacks(StringBuilder page, DetectionReport report)
    {
        page.AppendLine("Rejected openings, and how many each test alone would have rejected:").AppendLine();
        page.AppendLine("| attack | what it is | openings | rejected | rows | residuals | links | attention | logits | output rows | sampler | until caught | always seen by one check of |").AppendLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (AttackReport attack in report.Attacks)
        {
            long Caught(string test) => attack.Of(test)!.Caught;
            page.AppendLine(Invariant($"| {attack.Attack} | {attack.Description} | {attack.Of("T1")!.Tried} | {Caught("T1")} | {Caught("T1 secret rows")} | {Caught("T1 residuals")} | {Caught("T1 form and links")} | {Caught("T1 attention")} | {Caught("T1 logits")} | {Caught("T1 output rows")} | {Caught("T1 sampler")} | {Until(attack.Of("T1")!)} | {Always(attack)}{(attack.Harmless > 0 ? Invariant($" (of {attack.Answers} answers {attack.Harmless} had the very tokens asked for)") : "")} |"));
        }

        page.AppendLine().AppendLine("Replays: caught of tried, chunks for sketches and TOPLOC, answers for margins and hashes; evidence of the likelihood tables in nats an answer:").AppendLine();
        string[] exact = [.. report.Attacks[0].Rows.Where(static row => row.Test.StartsWith("T2", StringComparison.Ordinal) && row.Test.EndsWith("exact", StringComparison.Ordinal)).Select(static row => row.Test).OrderBy(Order), "T3 step hashes"];
        string[] near = [.. report.Attacks[0].Rows.Where(static row => row.Test.EndsWith(", f32", StringComparison.Ordinal)).Select(static row => row.Test).OrderBy(Order)];
        page.AppendLine(Invariant($"| attack | {string.Join(" | ", exact.Concat(near).Select(static test => test["T2 ".Length..]))} | nats exact | nats f32 |"));
        page.AppendLine(string.Concat(Enumerable.Repeat("|---", exact.Length + near.Length + 3)) + "|");
        foreach (AttackReport attack in report.Attacks)
        {
            string Cell(string test) => attack.Of(test) is { } row ? Invariant($"{row.Caught}/{row.Tried}") : "-";
            string Nats(string by) => attack.NatsPerAnswer.TryGetValue(by, out double nats) && report.Attacks[0].NatsPerAnswer.ContainsKey(by) && attack.Attack != "int8-massive-biases" ? Invariant($"{nats:0.0}") : "-";
            page.AppendLine(Invariant($"| {attack.Attack} | {string.Join(" | ", exact.Concat(near).Select(Cell))} | {Nats("exact")} | {Nats("f32")} |"));
        }

        page.AppendLine();
        page.AppendLine(Invariant($"An opened layer has {report.OpeningBytes.Layer:N0} bytes on average, an opened row of logits {report.OpeningBytes.Logits:N0}. TOPLOC takes 258 bytes for 32 tokens (8 a token), sketches 128 for each of {Depths(report)} depths ({4 * Depths(report)} a token), the commitment 32 with each token. Of the engine's tokens/s with everything committed {100 / report.Overhead.Median:0.0} % were left of those without (95 % interval of {report.Overhead.Pairs} pairs {100 / report.Overhead.High:0.0} to {100 / report.Overhead.Low:0.0}, measured beside whatever else ran)."));
        page.AppendLine();
    }

    private static void Others(StringBuilder page, DetectionReport report)
    {
        if (report.Forgeries.Count > 0)
        {
            page.AppendLine("Forged sketches, each under signs of its own, against the loosest limit:").AppendLine();
            page.AppendLine("| forgery | after layers | tried | passed | nearest | limit |").AppendLine("|---|---|---|---|---|---|");
            foreach (ForgeryRow row in report.Forgeries)
            {
                page.AppendLine(Invariant($"| {row.Kind} | {row.Depth} | {row.Tried} | {row.Passed} | {row.Nearest:0.000} | {row.Limit:0.0E0} |"));
            }

            page.AppendLine();
        }

        if (report.Grinding is { } grinding)
        {
            page.AppendLine(Invariant($"Grinding: of {grinding.Openings} openings {grinding.Plain} fell on steps that a node had not computed (it computed half); {grinding.Ground} where it signed the best of {grinding.Receipts} receipts under a guessed audit secret, {grinding.Leaked} where it knew the secret. Positions follow from the audit secret, which the client shows after the receipt is signed.")).AppendLine();
        }

        if (report.Tolerance.Count > 0)
        {
            page.AppendLine("Changes that pass, searched downwards, and what they do to greedy tokens over the same text:").AppendLine();
            page.AppendLine("| change | size | openings of changed layers | passed | steps | greedy tokens changed |").AppendLine("|---|---|---|---|---|---|");
            foreach (ToleranceRow row in report.Tolerance)
            {
                page.AppendLine(Invariant($"| {row.Kind} | {row.Size:G3} | {row.Openings} | {row.Passed} | {row.Steps} | {row.Flips} |"));
            }

            page.AppendLine();
            foreach (ToleranceRow row in report.Tolerance.GroupBy(static row => row.Kind).Select(static kind => kind.Last()))
            {
                page.AppendLine(Invariant($"- The largest found that passes 95 of 100 openings, {row.Kind}: {row.Size:G3}; it changed {row.Flips} of {row.Steps} greedy tokens."));
            }

            page.AppendLine();
        }
    }

    // Tests that caught every time, those in binary32 left out: openings, and answers replayed.
    private static string Always(AttackReport attack)
    {
        long needed = attack.Answers - attack.Harmless;
        string[] tests = [.. attack.Rows.Where(static row => row.Tried > 0 && row.Test is "T1" or "T2 margins, exact" or "T2 TOPLOC, exact" or "T3 step hashes").Where(row => row.Caught == row.Tried || (row.Tried == attack.Answers && needed > 0 && row.Caught == needed)).Select(static row => row.Test.Split(',')[0])];
        return tests.Length == 0 ? "none" : string.Join(", ", tests);
    }

    private static int Depths(DetectionReport report) => report.Calibration.Limits[0].Sketches.Billionths.Count;

    private static int Order(string test) => test.Contains("sketch", StringComparison.Ordinal) ? int.Parse(test.Split(' ', ',')[3], CultureInfo.InvariantCulture) : test.Contains("TOPLOC", StringComparison.Ordinal) ? 10_000 : 10_001;

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
