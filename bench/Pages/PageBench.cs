using System.Text;
using System.Text.Json.Nodes;

namespace Verathos.Bench.Pages;

/// <summary>Looks at a validator's report in a real browser: wide and at a telephone's width, light and dark.</summary>
public static class PageBench
{
    /// <summary>The drawings of a report.</summary>
    public const int Charts = 6;

    private const string Look =
        """
        const luminance = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const colour = s => { const n = s.match(/[\d.]+/g).map(Number); return { rgb: n.slice(0, 3), alpha: n.length > 3 ? n[3] : 1 }; };
        const behind = e => { for (; e; e = e.parentElement) { const c = colour(getComputedStyle(e).backgroundColor); if (c.alpha === 1) return c.rgb; } return [255, 255, 255]; };
        let contrast = 99, smallest = 99, clipped = 0;
        for (const e of document.querySelectorAll('h1,h2,p,dt,dd,th,td,figcaption,summary,li,a,code,span,text')) {
          if (!e.textContent.trim() || !e.getClientRects().length || e.closest('thead') && innerWidth < 700) continue;
          if (innerWidth < 700 && e.getBoundingClientRect().right > innerWidth + 1) clipped++;
          const style = getComputedStyle(e), front = colour(e.tagName === 'text' ? style.fill : style.color).rgb;
          const a = luminance(front), b = luminance(behind(e));
          contrast = Math.min(contrast, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
        }
        const figures = [...document.querySelectorAll('figure')];
        for (const t of document.querySelectorAll('figure text')) {
          const svg = t.ownerSVGElement, box = t.getBoundingClientRect(), frame = svg.getBoundingClientRect();
          smallest = Math.min(smallest, parseFloat(getComputedStyle(t).fontSize) * frame.width / svg.viewBox.baseVal.width);
          if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) clipped++;
        }
        const drawn = f => { const s = f.querySelector('svg'); return !!s && s.getBoundingClientRect().width > 100 && s.getBoundingClientRect().height > 20 && [...s.querySelectorAll('.datum')].some(d => d.getBoundingClientRect().width > 0); };
        return { requests: performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:')).length, charts: figures.filter(drawn).length, empty: figures.filter(f => !drawn(f)).map(f => f.id),
          scroll: document.documentElement.scrollWidth, smallest, clipped, contrast };
        """;

    /// <summary>Looks.</summary>
    /// <param name="html">The page.</param>
    /// <param name="screenshots">A folder for pictures; null for none.</param>
    /// <param name="charts">How many drawings there must be; those of a validator's report unless given.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="Peers.ReferenceException">There is no browser here.</exception>
    public static async Task<PageReport> RunAsync(string html, string? screenshots, int charts = Charts, CancellationToken cancellationToken = default)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(html);
        string folder = Directory.CreateTempSubdirectory("verathos-page-").FullName;
        try
        {
            string file = Path.Combine(folder, "report.html");
            await File.WriteAllBytesAsync(file, bytes, cancellationToken).ConfigureAwait(false);
            if (screenshots is not null)
            {
                Directory.CreateDirectory(screenshots);
            }

            List<PageView> views = [];
            Browser browser = await Browser.StartAsync(cancellationToken).ConfigureAwait(false);
            await using (browser.ConfigureAwait(false))
            {
                foreach ((int width, bool dark) in ((int, bool)[])[(1280, false), (1280, true), (390, false), (390, true)])
                {
                    views.Add(await ViewAsync(browser, new Uri(file), width, dark, screenshots, cancellationToken).ConfigureAwait(false));
                }
            }

            return new PageReport(bytes.Length, views, [.. views.SelectMany(view => view.Faults(charts))]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<PageView> ViewAsync(Browser browser, Uri page, int width, bool dark, string? screenshots, CancellationToken cancellationToken)
    {
        await browser.EmulateAsync(width, 900, dark, cancellationToken).ConfigureAwait(false);
        await browser.OpenAsync(page, cancellationToken).ConfigureAwait(false);
        JsonNode seen = (await browser.EvaluateAsync(Look, cancellationToken).ConfigureAwait(false))!;
        IReadOnlyList<string> console = await browser.ConsoleAsync(cancellationToken).ConfigureAwait(false);
        string? shot = null;
        if (screenshots is not null)
        {
            shot = Path.Combine(screenshots, $"report-{width}{(dark ? "-dark" : "")}.png");
            await File.WriteAllBytesAsync(shot, await browser.ScreenshotAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }

        return new PageView(
            width, dark, console, (int)seen["requests"]!, (int)seen["charts"]!, [.. seen["empty"]!.AsArray().Select(static id => (string)id!)], (int)seen["scroll"]!, (double)seen["smallest"]!, (int)seen["clipped"]!, (double)seen["contrast"]!, shot);
    }
}
