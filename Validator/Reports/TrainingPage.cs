using System.Globalization;
using System.Text;
using Verathos.Protocol.Receipts;

namespace Verathos.Validator.Reports;

/// <summary>A training run as one page that needs nothing else: no script, no request, drawings within it. Its look is that of a validator's report.</summary>
public static class TrainingPage
{
    /// <summary>Drawings of a page.</summary>
    public const int ChartCount = 4;

    private const string NoRequests = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    private const int MostLines = 6;
    private const int MostPoints = 300;
    private const int MostRows = 200;

    /// <summary>The page, UTF-8 HTML.</summary>
    public static string Write(TrainingCurves curves)
    {
        ArgumentNullException.ThrowIfNull(curves);
        StringBuilder page = new();
        page.Append(CultureInfo.InvariantCulture, $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"{NoRequests}\">");
        page.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\"><link rel=\"icon\" href=\"data:,\">");
        page.Append(CultureInfo.InvariantCulture, $"<title>Verathos training: {Html.Text(curves.Title)}</title><style>").Append(HtmlStyle.Sheet).Append("</style></head><body><main>");
        string[] workers = [.. curves.Rounds.SelectMany(static round => round.Workers).Select(static worker => worker.Name).Distinct().Order(StringComparer.Ordinal)];
        Head(page, curves, workers);
        page.Append("<section class=\"charts\" aria-label=\"Charts\">");
        HeldOut(page, curves);
        Training(page, curves, workers);
        Verdicts(page, curves);
        Units(page, curves, workers);
        page.Append("</section>");
        Workers(page, curves, workers);
        Rounds(page, curves);
        page.Append("</main></body></html>\n");
        return page.ToString();
    }

    private static void Head(StringBuilder page, TrainingCurves curves, string[] workers)
    {
        page.Append(CultureInfo.InvariantCulture, $"<header><h1>Training run</h1><p class=\"when\">{Html.Text(curves.Title)}</p></header><dl class=\"tiles\">");
        CurveRound[] measured = [.. curves.Rounds.Where(static round => round.LossAfter is not null)];
        int refused = curves.Rounds.Sum(static round => round.Workers.Count(static worker => worker.Verdict != OutcomeVerdict.Accepted));
        Tile("Rounds", Html.Count(curves.Rounds.Count));
        Tile("Workers", Html.Count(workers.Length));
        Tile("Held-out loss, first", Loss(measured.FirstOrDefault()?.LossBefore));
        Tile("Held-out loss, last", Loss(measured.LastOrDefault()?.LossAfter));
        Tile("Contributions", Html.Count(curves.Rounds.Sum(static round => round.Workers.Count)));
        Tile("Not accepted", Html.Count(refused), refused > 0);
        page.Append("</dl>");

        void Tile(string name, string value, bool alarming = false) =>
            page.Append(CultureInfo.InvariantCulture, $"<div{(alarming ? " class=\"alarming\"" : "")}><dt>{name}</dt><dd>{value}</dd></div>");
    }

    private static void HeldOut(StringBuilder page, TrainingCurves curves)
    {
        Chart chart = new("chart-held-out", "Held-out loss after each round", "Loss on documents that nobody was assigned, nats per token, after each round.", 200);
        (long Round, double Loss)[] points = [.. curves.Rounds.Where(static round => round.LossAfter is not null).Select(static round => ((long)round.Round, round.LossAfter!.Value))];
        if (curves.Rounds.FirstOrDefault(static round => round.LossBefore is not null) is { } first)
        {
            points = [((long)first.Round - 1, first.LossBefore!.Value), .. points];
        }

        if (points.Length > 0)
        {
            EpochAxis axis = new(chart, points[0].Round, points[^1].Round, points.Max(static point => point.Loss), Number);
            chart.Path(points.Select(point => (axis.X(point.Round), axis.Y(point.Loss))), "line s0");
            foreach ((long round, double loss) in Few(points))
            {
                chart.Dot(axis.X(round), axis.Y(loss), "s0", $"after round {round}: {Loss(loss)}", 2.5);
            }
        }

        chart.WriteTo(page, ("s0", "held-out loss, nats per token"));
    }

    private static void Training(StringBuilder page, TrainingCurves curves, string[] workers)
    {
        Chart chart = new("chart-training", "Loss at the workers' steps", "The loss of each worker's inner steps, as its signed records give them, the mean of a round.", 200);
        string[] shown = [.. workers.Take(MostLines)];
        (long Round, string Worker, double Loss)[] means =
        [
            .. curves.Rounds.SelectMany(static round => round.Workers.Where(static worker => worker.Losses.Count > 0)
                .Select(worker => ((long)round.Round, worker.Name, worker.Losses.Average(static loss => (double)loss)))),
        ];
        List<(string, string)> legend = [];
        if (means.Length > 0)
        {
            EpochAxis axis = new(chart, means.Min(static mean => mean.Round), means.Max(static mean => mean.Round), means.Max(static mean => mean.Loss), Number);
            for (int i = 0; i < shown.Length; i++)
            {
                (long Round, double Loss)[] own = [.. means.Where(mean => mean.Worker == shown[i]).Select(static mean => (mean.Round, mean.Loss))];
                chart.Path(own.Select(point => (axis.X(point.Round), axis.Y(point.Loss))), $"line s{i}");
                foreach ((long round, double loss) in Few(own))
                {
                    chart.Dot(axis.X(round), axis.Y(loss), $"s{i}", $"{shown[i]}, round {round}: {Loss(loss)}", 2);
                }

                legend.Add(($"s{i}", shown[i]));
            }

            if (shown.Length < workers.Length)
            {
                legend.Add(("idle", $"{workers.Length - shown.Length} more are in the table"));
            }
        }

        chart.WriteTo(page, legend);
    }

    private static void Verdicts(StringBuilder page, TrainingCurves curves)
    {
        Chart chart = new("chart-verdicts", "Contributions of each round", "How many contributions were accepted and how many were not, round by round.", 200);
        if (curves.Rounds.Count > 0)
        {
            EpochAxis axis = new(chart, (long)curves.Rounds[0].Round, (long)curves.Rounds[^1].Round, Math.Max(1, curves.Rounds.Max(static round => round.Workers.Count)), Number);
            double width = Math.Max(0.8, axis.Slot * 0.7);
            foreach (CurveRound round in curves.Rounds)
            {
                int accepted = round.Workers.Count(static worker => worker.Verdict == OutcomeVerdict.Accepted);
                int others = round.Workers.Count - accepted;
                double x = axis.X((long)round.Round) - (width / 2);
                if (accepted > 0)
                {
                    chart.Bar(x, axis.Y(accepted), width, axis.Y(0) - axis.Y(accepted), "good", $"round {round.Round}: {accepted} accepted");
                }

                if (others > 0)
                {
                    chart.Bar(x, axis.Y(round.Workers.Count), width, axis.Y(accepted) - axis.Y(round.Workers.Count), "bad", $"round {round.Round}: {others} not accepted");
                }
            }
        }

        chart.WriteTo(page, ("good", "accepted"), ("bad", "not accepted"));
    }

    private static void Units(StringBuilder page, TrainingCurves curves, string[] workers)
    {
        string[] shown = [.. workers.OrderByDescending(name => Sum(curves, name)).ThenBy(static name => name, StringComparer.Ordinal).Take(12)];
        Chart chart = new("chart-units", "Units earned", "Units that each worker earned over all rounds.", 24 + (22 * Math.Max(1, shown.Length)));
        long most = Math.Max(1, shown.Select(name => Sum(curves, name)).DefaultIfEmpty(1).Max());
        for (int i = 0; i < shown.Length; i++)
        {
            long units = Sum(curves, shown[i]);
            double y = 8 + (22 * i);
            chart.Text(0, y + 12, shown[i], "name");
            chart.Bar(110, y, Math.Max(1, 160.0 * units / most), 16, "s0", $"{shown[i]}: {units} units");
            chart.Text(114 + (160.0 * units / most), y + 12, Html.Count(units));
        }

        chart.WriteTo(page, ("s0", "units over all rounds"));
    }

    private static void Workers(StringBuilder page, TrainingCurves curves, string[] workers)
    {
        page.Append("<section><h2>Workers</h2>");
        Html.Table(page, ["worker", "contributions", "accepted", "units", "last loss", "mean impact, nats per token", "what was found otherwise"], workers.Select(name =>
        {
            CurveWorker[] own = [.. curves.Rounds.SelectMany(static round => round.Workers).Where(worker => worker.Name == name)];
            double[] impacts = [.. own.Select(static worker => worker.Impact).OfType<double>()];
            return (IReadOnlyList<string>)
            [
                Html.Text(name),
                Html.Count(own.Length),
                Html.Count(own.Count(static worker => worker.Verdict == OutcomeVerdict.Accepted)),
                Html.Count(own.Sum(static worker => worker.Units)),
                Loss(own.LastOrDefault()?.Losses is [.., float last] ? last : null),
                impacts.Length == 0 ? "–" : impacts.Average().ToString("0.0000", CultureInfo.InvariantCulture),
                string.Join("<br>", own.Where(static worker => worker.Verdict != OutcomeVerdict.Accepted).GroupBy(static worker => worker.Verdict).Select(static group => $"<code>{Html.Text(group.Key)}</code> {group.Count()} times")),
            ];
        }), "nodes");
        page.Append("</section>");
    }

    private static void Rounds(StringBuilder page, TrainingCurves curves)
    {
        page.Append("<section><h2>Rounds</h2>");
        if (curves.Rounds.Count > MostRows)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p class=\"small\">{Html.Count(curves.Rounds.Count - MostRows)} older rounds are not shown.</p>");
        }

        Html.Table(page, ["round", "held-out loss before", "after", "contributions", "accepted", "units", "what was found otherwise"], curves.Rounds.TakeLast(MostRows).Reverse().Select(static round => (IReadOnlyList<string>)
        [
            Html.Count((long)round.Round),
            Loss(round.LossBefore),
            round.Workers.Count == 0 ? "given up" : Loss(round.LossAfter),
            Html.Count(round.Workers.Count),
            Html.Count(round.Workers.Count(static worker => worker.Verdict == OutcomeVerdict.Accepted)),
            Html.Count(round.Workers.Sum(static worker => worker.Units)),
            string.Join("<br>", round.Workers.Where(static worker => worker.Verdict != OutcomeVerdict.Accepted).Select(static worker => $"{Html.Text(worker.Name)}: <code>{Html.Text(worker.Verdict)}</code>")),
        ]), "epochs");
        page.Append("</section>");
    }

    private static long Sum(TrainingCurves curves, string name) => curves.Rounds.SelectMany(static round => round.Workers).Where(worker => worker.Name == name).Sum(static worker => worker.Units);

    private static IEnumerable<T> Few<T>(T[] points) => points.Where((_, i) => i % ((points.Length / MostPoints) + 1) == 0 || i == points.Length - 1);

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Loss(double? loss) => loss is { } value ? value.ToString("0.0000", CultureInfo.InvariantCulture) : "–";
}
