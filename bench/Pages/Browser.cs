using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Bench.Peers;

namespace Verathos.Bench.Pages;

/// <summary>A headless Chromium, driven through its ChromeDriver on a loopback port. It is told to look nothing up by itself.</summary>
public sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan s_starting = TimeSpan.FromSeconds(30);
    private static readonly string[] s_arguments =
    [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
        "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio",
    ];

    private readonly Process _driver;
    private readonly HttpClient _http;
    private readonly string _profile;
    private string _session = "";

    private Browser(Process driver, HttpClient http, string profile) => (_driver, _http, _profile) = (driver, http, profile);

    /// <summary>Looks for a Chromium and its driver on the path.</summary>
    /// <param name="chromium">The browser.</param>
    /// <param name="driver">ChromeDriver.</param>
    /// <param name="missing">What is not there and how to get it.</param>
    public static bool TryFind([NotNullWhen(true)] out string? chromium, [NotNullWhen(true)] out string? driver, [NotNullWhen(false)] out string? missing)
    {
        chromium = Find("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
        driver = Find("chromedriver");
        missing = chromium is null || driver is null
            ? $"there is no {(chromium is null ? "chromium" : "chromedriver")} on the path; Debian and Ubuntu have both: apt-get install chromium chromium-driver"
            : null;
        return missing is null;
    }

    /// <summary>Starts a browser.</summary>
    /// <exception cref="ReferenceException">There is none, or it does not start.</exception>
    public static async Task<Browser> StartAsync(CancellationToken cancellationToken)
    {
        if (!TryFind(out string? chromium, out string? driver, out string? missing))
        {
            throw new ReferenceException(missing);
        }

        int port = FreePort();
        ProcessStartInfo start = new(driver) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add($"--port={port}");
        start.ArgumentList.Add("--log-level=SEVERE");
        Process process = Process.Start(start) ?? throw new ReferenceException($"{driver} does not start");
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}/"), Timeout = TimeSpan.FromSeconds(60) };
        Browser browser = new(process, http, Directory.CreateTempSubdirectory("verathos-browser-").FullName);
        try
        {
            await browser.WaitAsync(cancellationToken).ConfigureAwait(false);
            JsonNode session = await browser.PostAsync(
                "session",
                new JsonObject
                {
                    ["capabilities"] = new JsonObject
                    {
                        ["alwaysMatch"] = new JsonObject
                        {
                            ["browserName"] = "chrome",
                            ["goog:loggingPrefs"] = new JsonObject { ["browser"] = "ALL" },
                            ["goog:chromeOptions"] = new JsonObject { ["binary"] = chromium, ["args"] = new JsonArray([.. s_arguments.Append($"--user-data-dir={browser._profile}").Select(static argument => (JsonNode)argument)]) },
                        },
                    },
                },
                cancellationToken).ConfigureAwait(false) ?? throw new ReferenceException("the browser gave no session");
            browser._session = (string)session["sessionId"]!;
            return browser;
        }
        catch
        {
            await browser.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sets the size of the page and whether its reader wants it dark.</summary>
    public async Task EmulateAsync(int width, int height, bool dark, CancellationToken cancellationToken)
    {
        await DevToolsAsync("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false }, cancellationToken).ConfigureAwait(false);
        await DevToolsAsync("Emulation.setEmulatedMedia", new JsonObject { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }) }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a page and waits until it is loaded.</summary>
    public Task OpenAsync(Uri page, CancellationToken cancellationToken) => PostAsync($"session/{_session}/url", new JsonObject { ["url"] = page.AbsoluteUri }, cancellationToken);

    /// <summary>Runs a script in the page and gives what it returns.</summary>
    public Task<JsonNode?> EvaluateAsync(string script, CancellationToken cancellationToken) =>
        PostAsync($"session/{_session}/execute/sync", new JsonObject { ["script"] = script, ["args"] = new JsonArray() }, cancellationToken);

    /// <summary>What the page's console has said since the last call: errors, refused requests, warnings.</summary>
    public async Task<IReadOnlyList<string>> ConsoleAsync(CancellationToken cancellationToken)
    {
        JsonNode? entries = await PostAsync($"session/{_session}/se/log", new JsonObject { ["type"] = "browser" }, cancellationToken).ConfigureAwait(false);
        return [.. entries!.AsArray().Select(static entry => $"{entry!["level"]}: {entry["message"]}")];
    }

    /// <summary>A picture of the whole page as PNG.</summary>
    public async Task<byte[]> ScreenshotAsync(CancellationToken cancellationToken)
    {
        JsonNode? shot = await DevToolsAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png", ["captureBeyondViewport"] = true }, cancellationToken).ConfigureAwait(false);
        return Convert.FromBase64String((string)shot!["data"]!);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_session.Length > 0)
        {
            try
            {
                using HttpResponseMessage gone = await _http.DeleteAsync(new Uri($"session/{_session}", UriKind.Relative)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // The driver is gone already; its process is ended below.
            }
        }

        if (!_driver.HasExited)
        {
            _driver.Kill(entireProcessTree: true);
            await _driver.WaitForExitAsync().ConfigureAwait(false);
        }

        _driver.Dispose();
        _http.Dispose();
        try
        {
            Directory.Delete(_profile, recursive: true);
        }
        catch (IOException)
        {
            // A process of the browser may still be closing a file; the folder is one of the system's temporary ones.
        }
    }

    private Task<JsonNode?> DevToolsAsync(string command, JsonObject parameters, CancellationToken cancellationToken) =>
        PostAsync($"session/{_session}/goog/cdp/execute", new JsonObject { ["cmd"] = command, ["params"] = parameters }, cancellationToken);

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using HttpResponseMessage status = await _http.GetAsync(new Uri("status", UriKind.Relative), cancellationToken).ConfigureAwait(false);
                if (status.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(started) < s_starting && !_driver.HasExited)
            {
                // It does not listen yet.
            }

            await Task.Delay(50, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<JsonNode?> PostAsync(string path, JsonObject body, CancellationToken cancellationToken)
    {
        // The driver takes bodies of a known length only.
        using StringContent content = new(body.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _http.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken).ConfigureAwait(false);
        JsonNode? value = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false))?["value"];
        return response.IsSuccessStatusCode ? value : throw new ReferenceException($"the browser refused {path.Split('/')[^1]}: {value?["message"]}");
    }

    private static string? Find(params string[] names) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
