using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Verathos.Host.Cli;

namespace Verathos.Host.Training;

/// <summary>A gRPC service over HTTP/2 without TLS, on this machine unless told otherwise: requests are signed and gradients sealed, so that who listens in learns sizes and times.</summary>
internal sealed class GrpcServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private GrpcServer(WebApplication application, Uri address) => (_application, Address) = (application, address);

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Listens.</summary>
    /// <param name="listen">http://HOST:PORT with an address of this machine or localhost; port 0 takes a free one.</param>
    /// <param name="mostMessage">Bytes of the largest message.</param>
    /// <param name="services">What the service needs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">The address cannot be listened on.</exception>
    public static async Task<GrpcServer> StartAsync<T>(string listen, int mostMessage, Action<IServiceCollection> services, CancellationToken cancellationToken)
        where T : class
    {
        if (!Uri.TryCreate(listen, UriKind.Absolute, out Uri? uri) || uri.Scheme != "http" || !(uri.Host == "localhost" || IPAddress.TryParse(uri.Host.Trim('[', ']'), out _)))
        {
            throw new CommandException(ExitCode.Usage, $"{listen} is no address to listen on; write it as http://127.0.0.1:7400");
        }

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        builder.Logging.ClearProviders();
        IPAddress at = uri.Host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(uri.Host.Trim('[', ']'));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MaxConcurrentConnections = 1024;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 100;
            kestrel.Listen(at, uri.Port, static endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc(grpc =>
        {
            grpc.EnableDetailedErrors = false;
            grpc.MaxReceiveMessageSize = mostMessage;
            grpc.MaxSendMessageSize = null;
        });
        services(builder.Services);
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, CallerLifetime>());
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromSeconds(1));
        WebApplication application = builder.Build();
        application.MapGrpcService<T>();
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new CommandException(ExitCode.Failed, $"cannot listen on {listen}: {e.Message}; name another address with --listen", e);
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        string bound = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new GrpcServer(application, new Uri(bound));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource over = new(TimeSpan.FromSeconds(1));
        await _application.StopAsync(over.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
