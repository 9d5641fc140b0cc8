using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Verathos.Enclave;

/// <summary>Offers an enclave to the host over a Unix socket that its owner alone can open: gRPC over HTTP/2, no network.</summary>
public sealed class EnclaveHost : IAsyncDisposable
{
    private const int MaxMessage = 1024 * 1024;
    private readonly WebApplication _application;

    private EnclaveHost(WebApplication application, string path)
    {
        _application = application;
        Path = path;
    }

    /// <summary>The socket's path.</summary>
    public string Path { get; }

    /// <summary>Listens. A socket that a killed process left behind is replaced.</summary>
    /// <param name="enclave">The enclave, which stays the caller's.</param>
    /// <param name="path">The socket's path, at most 107 bytes, in a folder that exists.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="Platform.PlatformException">The path cannot be used; the text says why.</exception>
    public static async Task<EnclaveHost> ListenAsync(IEnclave enclave, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(enclave);
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = System.IO.Path.GetFullPath(path);
        Remote.UnixSocketPath.Claim(path);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        // No logs at all from inside: nothing that a library might print about a request leaves the enclave.
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 4096;
            kestrel.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc(grpc =>
        {
            grpc.EnableDetailedErrors = false;
            grpc.MaxReceiveMessageSize = MaxMessage;
            grpc.MaxSendMessageSize = null;
        });
        builder.Services.AddSingleton(enclave);
        // Signals are the program's, and so is how long calls may run on.
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, CallerLifetime>());
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        WebApplication application = builder.Build();
        application.MapGrpcService<Remote.EnclaveServer>();
        try
        {
            await Remote.UnixSocketPath.WithPrivateFilesAsync(() => application.StartAsync(cancellationToken)).ConfigureAwait(false);
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return new EnclaveHost(application, path);
    }

    /// <summary>Stops listening, and lets calls that run finish; what still runs when the time is over is cut.</summary>
    /// <param name="patience">How long calls may run on.</param>
    public async Task StopAsync(TimeSpan patience)
    {
        using CancellationTokenSource over = new(patience);
        await _application.StopAsync(over.Token).ConfigureAwait(false);
    }

    /// <summary>Stops listening; calls that run are cut.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
