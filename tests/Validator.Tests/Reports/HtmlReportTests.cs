using System.Text.RegularExpressions;
using System.Xml.Linq;
using Verathos.Bench.Pages;
using Verathos.Validator.Reports;

namespace Verathos.Validator.Tests.Reports;

public partial class HtmlReportTests
{
    private static readonly ValidatorReport s_sample = SampleReport.Make(nodes: 8, epochs: 9);

    [Fact]
    public async Task A_real_browser_draws_the_page_and_finds_no_fault()
    {
        Assert.SkipUnless(Browser.TryFind(out _, out _, out string? missing), missing ?? "");
        PageReport report = await PageBench.RunAsync(HtmlReport.Write(s_sample), null, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(report.Faults);
        Assert.Equal(4, report.Views.Count);
    }

    [Fact]
    public void The_page_asks_for_nothing_and_runs_nothing()
    {
        string page = HtmlReport.Write(s_sample);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch(@"(src|href)=""(?!#|data:,"")", page);
        Assert.DoesNotMatch(@"url\(|@import", page);
    }

    [Fact]
    public void What_nodes_are_called_is_never_markup()
    {
        const string Attack = "\"><script>alert(1)</script><img src=x onerror=y>'";
        ValidatorReport report = s_sample with
        {
            BanNotice = Attack,
            Nodes = [.. s_sample.Nodes.Select(node => node with
            {
                Name = Attack,
                Url = Attack,
                StatusReason = Attack,
                Profile = Attack,
                Events = [new NodeEventReport(1, default, Attack, Attack, Attack, Attack)],
                History = [.. node.History.Select(epoch => epoch with { Standing = Attack, Losses = [new(Attack, 5, Attack)], Failures = [new(Attack, default, true, 1)] })],
            })],
            Checks = [new CheckReport(Attack, 1, 1, 1, 1, 1)],
        };
        string page = HtmlReport.Write(report);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
        Assert.True(Regex.Count(page, "&lt;script&gt;") > 20);
    }

    [Fact]
    public void Every_drawing_is_well_formed_and_has_data_and_a_description()
    {
        XElement[] drawings = [.. Drawing().Matches(HtmlReport.Write(s_sample)).Select(match => XElement.Parse(match.Value))];
        Assert.Equal(PageBench.Charts, drawings.Length);
        Assert.All(drawings, drawing =>
        {
            Assert.NotEmpty(drawing.Element("desc")!.Value);
            Assert.Contains(drawing.Descendants(), mark => ((string?)mark.Attribute("class"))?.StartsWith("datum", StringComparison.Ordinal) ?? false);
        });
    }

    [Fact]
    public void Why_points_were_lost_is_said_by_name_and_so_is_what_was_skipped()
    {
        string page = HtmlReport.Write(s_sample);
        foreach (string said in (string[])["opening.layer.rows", "score.availability", "validator.network", "the validator&#x27;s own fault", "Single-validator mode", "SIMULATED", "(carried)", "as revealed", new('5', 64), "not revealed yet", "proof-1.cbor"])
        {
            Assert.Contains(said, page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_report_of_nothing_is_a_page_all_the_same()
    {
        ValidatorReport empty = s_sample with { Epochs = [], Nodes = [], Checks = [] };
        Assert.Equal(6, Regex.Count(HtmlReport.Write(empty), "Nothing yet."));
    }

    [Fact]
    public void Many_nodes_make_a_page_of_bounded_drawings()
    {
        string page = HtmlReport.Write(SampleReport.Make(nodes: 256, epochs: 12));
        Assert.All(Drawing().Matches(page), match => Assert.InRange(match.Length, 100, 60_000));
        Assert.Contains("median of 256 nodes", page, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"<svg role=""img"" aria-labelledby.*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Drawing();
}
