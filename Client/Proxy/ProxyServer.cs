using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Verathos.Client.Proxy;

/// <summary>
/// An OpenAI-compatible server on loopback: any OpenAI client talks to it in plain text on this machine, and it attests the node,
/// seals every request and verifies every receipt on the client's behalf.
/// </summary>
public sealed class ProxyServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ProxyServer(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Where the server listens, such as <c>http://127.0.0.1:8417/</c>; OpenAI clients append <c>v1</c>.</summary>
    public Uri Address { get; }

    /// <summary>Starts to listen.</summary>
    /// <param name="client">The client that answers; the caller keeps owning it.</param>
    /// <param name="options">Where and for whom.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="ArgumentException">The address is not a loopback address.</exception>
    /// <exception cref="IOException">The port is in use or may not be bound.</exception>
    public static async Task<ProxyServer> StartAsync(VerathosClient client, ProxyOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        if (!IPAddress.IsLoopback(options.Listen.Address))
            throw new ArgumentException("the proxy reads prompts in plain text and listens on loopback only: use 127.0.0.1 or [::1]", nameof(options));

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaximumBody;
            kestrel.Listen(options.Listen, listen =>
                new ServerAnswerMark(ProxyHandler.SimulatedHeader, "true", _ => ValueTask.FromResult(client.Session.Simulated)).Use(listen));
        });

        WebApplication app = builder.Build();
        ProxyHandler handler = new(client, options);
        app.Run(handler.HandleAsync);
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return new ProxyServer(app, new Uri(app.Urls.First()));
    }

    /// <summary>Waits until the token is cancelled, then lets running answers end for a moment and stops.</summary>
    /// <param name="cancellationToken">Stops the server.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using (cancellationToken.Register(stop.SetResult))
            await stop.Task.ConfigureAwait(false);

        using CancellationTokenSource grace = new(TimeSpan.FromSeconds(5));
        await _app.StopAsync(grace.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
