using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Verathos.Bench.Peers;
using Verathos.Bench.Statistics;

namespace Verathos.Bench.Node;

/// <summary>Starts the node as a process: how soon it is ready, and how much memory it takes.</summary>
internal static class ProcessBench
{
    private const int Starts = 3;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Seconds to readiness of each start, milliseconds of the first and of the second request to it, and the peak resident memory
    /// over all of them after those.
    /// </summary>
    /// <param name="command">The node's command line; its address follows.</param>
    /// <param name="request">Prepares a client of an address and gives what asks it once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<(Spread ReadySeconds, Spread FirstMilliseconds, Spread SecondMilliseconds, double PeakMegabytes)> RunAsync(
        IReadOnlyList<string> command, Func<Uri, CancellationToken, Task<Func<Task>>> request, CancellationToken cancellationToken)
    {
        List<double> ready = [], first = [], second = [];
        double peak = 0;
        for (int i = 0; i < Starts; i++)
        {
            Uri address = new($"http://127.0.0.1:{FreePort()}");
            ProcessStartInfo start = new(command[0], [.. command.Skip(1), address.GetLeftPart(UriPartial.Authority)])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            long began = Stopwatch.GetTimestamp();
            using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start");
            process.OutputDataReceived += static (_, _) => { };
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            try
            {
                await WaitAsync(process, address, began, cancellationToken).ConfigureAwait(false);
                ready.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
                Func<Task> ask = await request(address, cancellationToken).ConfigureAwait(false);
                first.Add(await MillisecondsAsync(ask).ConfigureAwait(false));
                second.Add(await MillisecondsAsync(ask).ConfigureAwait(false));
                peak = Math.Max(peak, ProcessMemory.PeakBytes(process.Id) / 1e6);
            }
            finally
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }

        return (Spread.Of(ready), Spread.Of(first), Spread.Of(second), peak);
    }

    private static async Task<double> MillisecondsAsync(Func<Task> action)
    {
        long began = Stopwatch.GetTimestamp();
        await action().ConfigureAwait(false);
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static async Task WaitAsync(Process process, Uri address, long began, CancellationToken cancellationToken)
    {
        using HttpClient http = new();
        while (true)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"the node stopped with exit status {process.ExitCode} before it was ready");
            }

            try
            {
                using HttpResponseMessage response = await http.GetAsync(new Uri(address, "/health/ready"), cancellationToken).ConfigureAwait(false);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            if (Stopwatch.GetElapsedTime(began) > s_patience)
            {
                throw new TimeoutException($"the node was not ready after {s_patience.TotalSeconds} s");
            }

            await Task.Delay(10, cancellationToken).ConfigureAwait(false);
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
