using System.Globalization;
using System.Text;

namespace Verathos.Validator.Reports;

/// <summary>The charts of a report.</summary>
internal static class Charts
{
    private const int MostLines = 6;
    private const int MostBars = 12;

    /// <summary>Scores of nodes over the epochs: each its line where there are few, else the middle of all and the lines of those that stand worst.</summary>
    public static void Scores(StringBuilder page, ValidatorReport report)
    {
        Chart chart = new("chart-score", "Score per epoch", "Each node's score from 0 to 1 in each closed epoch.", 200);
        NodeReport[] scored = [.. report.Nodes.Where(static node => node.History.Any(static epoch => epoch.ScorePpm is not null))];
        List<(string, string)> legend = [];
        if (scored.Length > 0)
        {
            EpochAxis axis = new(chart, report.Epochs[0].Number, report.Epochs[^1].Number, 1, static value => value.ToString("0.0#", CultureInfo.InvariantCulture));
            NodeReport[] lines = scored.Length <= MostLines ? scored : [.. scored.OrderBy(static node => node.History.Min(static epoch => epoch.ScorePpm ?? long.MaxValue)).ThenBy(static node => node.Name, StringComparer.Ordinal).Take(MostLines - 2)];
            if (lines.Length < scored.Length)
            {
                List<(double X, double Low, double High)> band = [];
                List<(double X, double Y)> middle = [];
                foreach (EpochReport epoch in report.Epochs)
                {
                    long[] values = [.. scored.SelectMany(static node => node.History).Where(one => one.Epoch == epoch.Number).Select(static one => one.ScorePpm).OfType<long>().Order()];
                    if (values.Length > 0)
                    {
                        band.Add((axis.X(epoch.Number), axis.Y(values[values.Length / 10] / 1e6), axis.Y(values[values.Length - 1 - (values.Length / 10)] / 1e6)));
                        middle.Add((axis.X(epoch.Number), axis.Y(values[values.Length / 2] / 1e6)));
                        chart.Dot(middle[^1].X, middle[^1].Y, "all", $"epoch {epoch.Number}: median {Html.Share(values[values.Length / 2])} of {values.Length} nodes");
                    }
                }

                chart.Band(band, "band");
                chart.Path(middle, "line all");
                legend.Add(("all", $"median of {scored.Length} nodes, and the middle eight tenths"));
            }

            for (int i = 0; i < lines.Length; i++)
            {
                (double X, double Y)[] points = [.. lines[i].History.Where(static epoch => epoch.ScorePpm is not null).Select(epoch => (axis.X(epoch.Epoch), axis.Y(epoch.ScorePpm!.Value / 1e6)))];
                chart.Path(points, $"line s{i}");
                foreach (NodeEpochReport epoch in lines[i].History.Where(static epoch => epoch.ScorePpm is not null))
                {
                    chart.Dot(axis.X(epoch.Epoch), axis.Y(epoch.ScorePpm!.Value / 1e6), $"s{i}", $"{lines[i].Name}, epoch {epoch.Epoch}: {Html.Share(epoch.ScorePpm)}");
                }

                legend.Add(($"s{i}", lines[i].Name));
            }
        }

        chart.WriteTo(page, legend);
    }

    /// <summary>The evidence against nodes beside the bound.</summary>
    public static void Evidence(StringBuilder page, ValidatorReport report)
    {
        NodeReport[] nodes = [.. report.Nodes.OrderByDescending(static node => node.EvidenceMicro).ThenBy(static node => node.Name, StringComparer.Ordinal).Take(MostBars)];
        Chart chart = new("chart-evidence", "Evidence against each node, and the bound", "Sums of the weights of outcomes in nats; a node whose sum reaches the bound is to be banned.", 30 + (22 * nodes.Length));
        double most = Math.Max(report.BoundMicro, nodes.Select(static node => node.EvidenceMicro).DefaultIfEmpty(0).Max()) * 1.08;
        for (int i = 0; i < nodes.Length; i++)
        {
            double y = 6 + (22 * i);
            double length = nodes[i].EvidenceMicro / most * 200;
            bool reached = nodes[i].EvidenceMicro >= report.BoundMicro;
            chart.Text(112, y + 12, Short(nodes[i].Name, 16), "name", "end");
            chart.Bar(118, y + 2, Math.Max(length, 1.5), 13, reached ? "bad" : "s0", $"{nodes[i].Name}: {Html.Nats(nodes[i].EvidenceMicro)} nats after {nodes[i].Outcomes} outcomes");
            chart.Text(118 + Math.Max(length, 1.5) + 4, y + 12, Html.Nats(nodes[i].EvidenceMicro));
        }

        double bound = 118 + (report.BoundMicro / most * 200);
        chart.Line(bound, 2, bound, chart.Height - 20, "bound");
        chart.Text(bound, chart.Height - 6, $"bound {Html.Nats(report.BoundMicro)}", anchor: "middle");
        chart.WriteTo(page, report.Nodes.Count > nodes.Length ? [("s0", $"the {nodes.Length} highest of {report.Nodes.Count}")] : []);
    }

    /// <summary>Tokens of each epoch's answers.</summary>
    public static void Tokens(StringBuilder page, ValidatorReport report)
    {
        Chart chart = new("chart-tokens", "Tokens answered and verified", "Tokens of all nodes' answers to canaries in each epoch, and how many of them were verified.", 180);
        if (report.Epochs.Any(static epoch => epoch.AnsweredTokens > 0))
        {
            EpochAxis axis = new(chart, report.Epochs[0].Number, report.Epochs[^1].Number, report.Epochs.Max(static epoch => (double)epoch.AnsweredTokens), Compact);
            foreach (EpochReport epoch in report.Epochs)
            {
                double width = Math.Min(28, axis.Slot * 0.7);
                string tip = $"epoch {epoch.Number}: {Html.Count(epoch.VerifiedTokens)} of {Html.Count(epoch.AnsweredTokens)} tokens verified";
                chart.Bar(axis.X(epoch.Number) - (width / 2), axis.Y(epoch.AnsweredTokens), width, axis.Y(epoch.VerifiedTokens) - axis.Y(epoch.AnsweredTokens), "idle", tip);
                chart.Bar(axis.X(epoch.Number) - (width / 2), axis.Y(epoch.VerifiedTokens), width, axis.Y(0) - axis.Y(epoch.VerifiedTokens), "good", tip);
            }
        }

        chart.WriteTo(page, ("good", "verified"), ("idle", "answered only"));
    }

    /// <summary>Times to the first token: each epoch's nodes from the fastest to the slowest, the middle half, and the median.</summary>
    public static void Latency(StringBuilder page, ValidatorReport report)
    {
        Chart chart = new("chart-latency", "Time to the first token, ms", "Medians of nodes in each epoch: least to most, the middle half, and the median.", 180);
        (long Epoch, long[] Values)[] measured =
        [
            .. report.Epochs.Select(epoch => (epoch.Number, (long[])[.. report.Nodes.SelectMany(static node => node.History).Where(one => one.Epoch == epoch.Number).Select(static one => one.FirstTokenMicros).OfType<long>().Order()]))
                .Where(static pair => pair.Item2.Length > 0),
        ];
        if (measured.Length > 0)
        {
            // The slowest tenth may leave the picture where it would flatten all others.
            double most = Math.Min(measured.Max(static pair => pair.Values[^1]), 4.0 * measured.Max(static pair => pair.Values[pair.Values.Length * 9 / 10])) / 1e3;
            EpochAxis axis = new(chart, report.Epochs[0].Number, report.Epochs[^1].Number, most, Compact);
            foreach ((long epoch, long[] values) in measured)
            {
                double x = axis.X(epoch);
                double width = Math.Min(16, axis.Slot * 0.5);
                double At(int place) => Math.Max(axis.Y(most), axis.Y(values[place] / 1e3));
                string tip = $"epoch {epoch}: median {Html.Milliseconds(values[values.Length / 2])} ms, {Html.Milliseconds(values[0])} to {Html.Milliseconds(values[^1])} ms, {values.Length} nodes";
                chart.Line(x, At(0), x, At(values.Length - 1), "whisker");
                chart.Bar(x - (width / 2), At(values.Length * 3 / 4), width, At(values.Length / 4) - At(values.Length * 3 / 4), "half", tip);
                chart.Dot(x, At(values.Length / 2), "s0", tip);
            }
        }

        chart.WriteTo(page, ("s0", "median node"), ("half", "middle half"), ("whisker", "least to most"));
    }

    /// <summary>Checks by how they ended.</summary>
    public static void Checks(StringBuilder page, ValidatorReport report)
    {
        Chart chart = new("chart-checks", "Checks by outcome", "For each kind of check how many passed, failed, found no answer, were lost, or failed by the validator's own fault.", 4 + (36 * report.Checks.Count));
        for (int i = 0; i < report.Checks.Count; i++)
        {
            CheckReport check = report.Checks[i];
            double y = 36 * i;
            chart.Text(0, y + 12, check.Name, "name");
            chart.Text(Chart.Width, y + 12, Ending(check), anchor: "end");
            double x = 0;
            foreach ((int count, string kind, string name) in ((int, string, string)[])[(check.Passed, "good", "passed"), (check.Failed, "bad", "failed"), (check.Unavailable, "s1", "no answer"), (check.Lost, "s4", "lost"), (check.ValidatorError, "idle", "validator's fault")])
            {
                // What happened at all is seen, however rare.
                double width = count == 0 ? 0 : Math.Max(2.5, (Chart.Width - 12.5) * count / check.Total);
                if (count > 0)
                {
                    chart.Bar(x, y + 17, width, 11, kind, $"{check.Name}: {Html.Count(count)} {name}");
                }

                x += width;
            }
        }

        chart.WriteTo(page, ("good", "passed"), ("bad", "failed"), ("s1", "no answer"), ("s4", "lost"), ("idle", "validator's fault"));
    }

    /// <summary>What the latest closed epoch's nodes lost points for.</summary>
    public static void Losses(StringBuilder page, ValidatorReport report)
    {
        long? latest = report.Epochs.LastOrDefault(static epoch => epoch.EndedAt is not null)?.Number;
        (string Check, long Lost, int Nodes)[] causes =
        [
            .. report.Nodes.SelectMany(static node => node.History).Where(one => one.Epoch == latest).SelectMany(static one => one.Losses).GroupBy(static loss => loss.Check, StringComparer.Ordinal)
                .Select(static group => (group.Key, group.Sum(static loss => loss.LostPpm), group.Count())).Where(static cause => cause.Item2 > 0).OrderByDescending(static cause => cause.Item2).Take(MostBars),
        ];
        Chart chart = new("chart-losses", latest is { } number ? $"Why points were lost in epoch {number}" : "Why points were lost", "Points lost by all nodes together, by the check or factor that took them.", 4 + (36 * causes.Length));
        double most = causes.Select(static cause => (double)cause.Lost).DefaultIfEmpty(1).Max();
        for (int i = 0; i < causes.Length; i++)
        {
            chart.Text(0, (36 * i) + 12, Short(causes[i].Check, 34), "name");
            chart.Text(Chart.Width, (36 * i) + 12, $"{Html.Share(causes[i].Lost)}, {causes[i].Nodes} {(causes[i].Nodes == 1 ? "node" : "nodes")}", anchor: "end");
            chart.Bar(0, (36 * i) + 17, Math.Max(2.5, Chart.Width * causes[i].Lost / most), 11, causes[i].Check.StartsWith("score.", StringComparison.Ordinal) ? "s1" : "bad", $"{causes[i].Check}: {Html.Share(causes[i].Lost)} points of {causes[i].Nodes} nodes");
        }

        chart.WriteTo(page, ("bad", "a failed proof"), ("s1", "a factor of the score"));
    }

    private static string Ending(CheckReport check) => check.Failed > 0 ? $"{Html.Count(check.Failed)} of {Html.Count(check.Total)} failed" : $"{Html.Count(check.Total)}, none failed";

    private static string Short(string text, int most) => text.Length <= most ? text : text[..(most - 1)] + "…";

    private static string Compact(double value) => value >= 1e6 ? Html.Number(value / 1e6) + "M" : value >= 1e4 ? Html.Number(value / 1e3) + "k" : Html.Number(value);
}
