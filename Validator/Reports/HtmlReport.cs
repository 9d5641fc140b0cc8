using System.Globalization;
using System.Text;
using Verathos.Validator.Scores;

namespace Verathos.Validator.Reports;

/// <summary>The report as one page that needs nothing else: no script, no request, drawings within it.</summary>
public static class HtmlReport
{
    private const string NoRequests = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

    /// <summary>The page, UTF-8 HTML.</summary>
    public static string Write(ValidatorReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        StringBuilder page = new();
        page.Append(CultureInfo.InvariantCulture, $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"{NoRequests}\">");
        page.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\"><link rel=\"icon\" href=\"data:,\">");
        page.Append("<title>Verathos validator report</title><style>").Append(HtmlStyle.Sheet).Append("</style></head><body><main>");
        Head(page, report);
        page.Append("<section class=\"charts\" aria-label=\"Charts\">");
        Charts.Scores(page, report);
        Charts.Evidence(page, report);
        Charts.Checks(page, report);
        Charts.Losses(page, report);
        Charts.Tokens(page, report);
        Charts.Latency(page, report);
        page.Append("</section>");
        Nodes(page, report);
        Epochs(page, report);
        page.Append("</main></body></html>\n");
        return page.ToString();
    }

    private static void Head(StringBuilder page, ValidatorReport report)
    {
        page.Append(CultureInfo.InvariantCulture, $"<header><h1>Validator report</h1><p class=\"when\">{Html.Time(report.At)} UTC</p></header>");
        if (report.Simulated)
        {
            page.Append("<p class=\"notice bad\">SIMULATED: accepted evidence came from a software TEE. It protects nothing.</p>");
        }

        page.Append(CultureInfo.InvariantCulture, $"<p class=\"notice\">{Html.Text(report.BanNotice)}</p>");
        int audited = report.Epochs.Sum(static epoch => epoch.Chosen);
        int skipped = report.Epochs.Sum(static epoch => epoch.Skipped);
        page.Append("<dl class=\"tiles\">");
        Tile("Nodes", Html.Count(report.Nodes.Count(static node => node.Listed)));
        Tile("In quarantine", Html.Count(report.Nodes.Count(static node => node.Status == "quarantined")), report.Nodes.Any(static node => node.Status == "quarantined"));
        Tile("Banned", Html.Count(report.Nodes.Count(static node => node.Status == "banned")), report.Nodes.Any(static node => node.Status == "banned"));
        Tile("Epochs shown", Html.Count(report.Epochs.Count));
        Tile("Receipts audited", audited + skipped == 0 ? "–" : $"{Html.Count(audited)} of {Html.Count(audited + skipped)}");
        Tile("Tokens verified", Html.Count(report.Epochs.Sum(static epoch => epoch.VerifiedTokens)));
        page.Append("</dl>");

        void Tile(string name, string value, bool alarming = false) =>
            page.Append(CultureInfo.InvariantCulture, $"<div{(alarming ? " class=\"alarming\"" : "")}><dt>{name}</dt><dd>{value}</dd></div>");
    }

    private static void Nodes(StringBuilder page, ValidatorReport report)
    {
        page.Append("<section><h2>Nodes</h2>");
        Html.Table(
            page,
            ["node", "status", "score", "scores", "weight", "evidence, nats", "tokens verified", "audited", "why points were lost"],
            report.Nodes.Select(node =>
            {
                NodeEpochReport? last = node.History.LastOrDefault(static epoch => epoch.ScorePpm is not null);
                return (IReadOnlyList<string>)
                [
                    $"<a href=\"#{Anchor(report, node)}\">{Html.Text(node.Name)}</a>",
                    Status(node),
                    Html.Share(last?.ScorePpm) + (last is { Carried: true } ? " (carried)" : ""),
                    Sparkline(node),
                    Html.Share(last?.WeightPpm),
                    Html.Nats(node.EvidenceMicro),
                    $"{Html.Count(node.History.Sum(static epoch => epoch.VerifiedTokens))} of {Html.Count(node.History.Sum(static epoch => epoch.AnsweredTokens))}",
                    $"{node.History.Sum(static epoch => epoch.Chosen)} of {node.History.Sum(static epoch => epoch.Chosen + epoch.Skipped)}",
                    Why(last),
                ];
            }),
            "nodes");
        foreach (NodeReport node in report.Nodes)
        {
            Node(page, report, node);
        }

        page.Append("</section>");
    }

    private static void Node(StringBuilder page, ValidatorReport report, NodeReport node)
    {
        page.Append(CultureInfo.InvariantCulture, $"<details id=\"{Anchor(report, node)}\"{(node.Status == "active" ? "" : " open")}><summary>{Html.Text(node.Name)} {Status(node)}</summary>");
        page.Append(CultureInfo.InvariantCulture, $"<p class=\"small\">{Html.Text(node.Url)}{(node.ManifestRoot is { } root ? $" · model {root[..16]}… in {Html.Text(node.Profile)}" : "")}{(node.Listed ? "" : " · no longer listed")}</p>");
        if (node.Events.Count > 0)
        {
            page.Append("<ul class=\"events\">");
            foreach (NodeEventReport happened in node.Events)
            {
                page.Append(CultureInfo.InvariantCulture, $"<li><b>{Html.Text(happened.Kind)}</b> in epoch {happened.Epoch}: <code>{Html.Text(happened.Reason)}</code> {Html.Text(happened.Detail)}{(happened.Proof is { } proof ? $" Proof: <code>{Html.Text(proof)}</code>" : "")}</li>");
            }

            page.Append("</ul>");
        }

        Html.Table(
            page,
            ["epoch", "score", "standing", "answered", "tokens", "first token, ms", "tokens/s", "audited", "skipped", "evidence", "why points were lost, checks that did not pass"],
            node.History.Reverse().Select(static epoch => (IReadOnlyList<string>)
            [
                epoch.Epoch.ToString(CultureInfo.InvariantCulture),
                epoch.ScorePpm is null ? "runs" : Html.Share(epoch.ScorePpm) + (epoch.Carried ? " (carried)" : ""),
                Html.Text(epoch.Standing ?? "–"),
                $"{epoch.Answered} of {epoch.Due}",
                $"{Html.Count(epoch.VerifiedTokens)} of {Html.Count(epoch.AnsweredTokens)}",
                Html.Milliseconds(epoch.FirstTokenMicros),
                epoch.TokensPerKilosecond is { } rate ? (rate / 1e3).ToString("0.0", CultureInfo.InvariantCulture) : "–",
                epoch.Chosen.ToString(CultureInfo.InvariantCulture),
                epoch.Skipped.ToString(CultureInfo.InvariantCulture),
                Html.Nats(epoch.EvidenceMicro),
                Reasons(epoch),
            ]),
            "history");
        page.Append("</details>");
    }

    private static void Epochs(StringBuilder page, ValidatorReport report)
    {
        page.Append("<section><h2>Epochs: what was checked, and what was skipped</h2>");
        if (report.OlderEpochs > 0)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p class=\"small\">{Html.Count(report.OlderEpochs)} older epochs are not shown.</p>");
        }

        Html.Table(
            page,
            ["epoch", "began (UTC)", "closed", "evidence", "tier 0", "tier 1", "tier 2", "tier 3", "audited", "skipped", "validator's faults", "caught", "MB", "judging, s", "seed: commitment, revealed"],
            report.Epochs.Reverse().Select(static epoch => (IReadOnlyList<string>)
            [
                epoch.Number.ToString(CultureInfo.InvariantCulture),
                Html.Time(epoch.StartedAt),
                epoch.EndedAt is null ? "runs" : Html.Time(epoch.EndedAt),
                Html.Count(epoch.Challenges),
                Html.Count(epoch.Tier0),
                Html.Count(epoch.Tier1),
                Html.Count(epoch.Tier2),
                Html.Count(epoch.Tier3),
                Html.Count(epoch.Chosen),
                Html.Count(epoch.Skipped),
                Html.Count(epoch.ValidatorErrors),
                Html.Count(epoch.Caught),
                (epoch.Bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture),
                (epoch.JudgedMilliseconds / 1e3).ToString("0.0", CultureInfo.InvariantCulture),
                Seed(epoch),
            ]),
            "epochs");
        page.Append("<p class=\"small\">Tier 0: every receipt. Tier 1: openings judged by keys. Tier 2: computed again to a depth. Tier 3: answers compared with other nodes' answers to the same. Which receipts are audited follows from the seed, "
            + "which was committed to before and is revealed after: a skipped audit can be checked to have been skipped by it.</p></section>");
    }

    // Whole in the JSON, and here where the pointer rests on it.
    private static string Seed(EpochReport epoch) =>
        $"<code title=\"{epoch.SeedCommitment}\">{epoch.SeedCommitment[..12]}…</code> {(epoch.RevealedSeed is { } seed ? $"<code title=\"{seed}\">{seed[..12]}…</code>" : "not revealed yet")}{(epoch.ChoiceFollows is { } follows ? follows ? " as revealed" : " <b>not as revealed</b>" : "")}";

    private static string Anchor(ValidatorReport report, NodeReport node) => "node-" + report.Nodes.ToList().IndexOf(node).ToString(CultureInfo.InvariantCulture);

    private static string Status(NodeReport node) =>
        $"<span class=\"status {(node.Status == "active" ? "good" : "bad")}\">{Html.Text(node.Status)}</span>" + (node.Status != "active" && node.StatusReason is { } reason ? $" <code>{Html.Text(reason)}</code>" : "");

    private static string Sparkline(NodeReport node)
    {
        long[] scores = [.. node.History.Select(static epoch => epoch.ScorePpm).OfType<long>()];
        if (scores.Length < 2)
        {
            return "";
        }

        string points = string.Join(' ', scores.Select((score, i) => $"{Html.Number(2 + (76.0 * i / (scores.Length - 1)))},{Html.Number(20 - (score / 1e6 * 18))}"));
        return $"<svg class=\"spark\" viewBox=\"0 0 80 22\" role=\"img\" aria-label=\"scores of {scores.Length} epochs\"><polyline points=\"{points}\"/></svg>";
    }

    private static string Why(NodeEpochReport? epoch) =>
        epoch is null ? "" : string.Join("<br>", epoch.Losses.Where(static loss => loss.LostPpm > 0).OrderByDescending(static loss => loss.LostPpm).Take(3).Select(static loss => $"<code>{Html.Text(loss.Check)}</code> {Html.Share(loss.LostPpm)}"));

    private static string Reasons(NodeEpochReport epoch)
    {
        IEnumerable<string> lost = epoch.Losses.Select(static loss => $"<code>{Html.Text(loss.Check)}</code> −{Html.Share(loss.LostPpm)}: {Html.Text(loss.Why)}");
        IEnumerable<string> other = epoch.Failures.Where(failure => epoch.Losses.All(loss => loss.Check != failure.Check))
            .Select(static failure => $"<code>{Html.Text(failure.Check)}</code> {failure.Count} times{(failure.Fault == FaultOf.Validator ? ", the validator's own fault" : "")}");
        return string.Join("<br>", lost.Concat(other));
    }
}
