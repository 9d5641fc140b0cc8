using Verathos.Bench.Pages;
using Verathos.Validator.Reports;

namespace Verathos.Validator.Tests.Reports;

public sealed class TrainingPageTests
{
    [Fact]
    public void A_page_shows_every_round_and_worker_and_is_markup_of_its_own_only()
    {
        TrainingCurves curves = SampleCurves.Make(8, 40);
        string page = TrainingPage.Write(curves);
        Assert.Equal(TrainingPage.ChartCount, page.Split("<svg role=\"img\"").Length - 1);
        Assert.Contains("sample &lt;run&gt; &amp;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<run>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("seal.gradient-root", page, StringComparison.Ordinal);
        Assert.Contains("given up", page, StringComparison.Ordinal);
        Assert.All(curves.Rounds[0].Workers, worker => Assert.Contains(worker.Name, page, StringComparison.Ordinal));
        Assert.Equal(page, TrainingPage.Write(curves));
    }

    [Fact]
    public async Task A_real_browser_draws_the_page_and_finds_no_fault()
    {
        Assert.SkipUnless(Browser.TryFind(out _, out _, out string? missing), missing ?? "");
        PageReport report = await PageBench.RunAsync(TrainingPage.Write(SampleCurves.Make(8, 40)), null, TrainingPage.ChartCount, TestContext.Current.CancellationToken);
        Assert.Empty(report.Faults);
    }

    [Fact]
    public void A_run_without_a_round_has_a_page()
    {
        string page = TrainingPage.Write(new TrainingCurves("new", []));
        Assert.Contains("Nothing yet.", page, StringComparison.Ordinal);
    }
}
