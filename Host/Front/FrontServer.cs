using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Verathos.Enclave;
using Verathos.Host.Configuration;
using Verathos.Host.Health;
using Verathos.Host.Limits;
using Verathos.Host.Logs;
using Verathos.Host.Metrics;

namespace Verathos.Host.Front;

/// <summary>
/// The node's untrusted front: HTTP/1.1 and HTTP/2, limits, health, metrics and logs. It sees ciphertext, sizes and times,
/// and hands everything else to the enclave.
/// </summary>
public sealed class FrontServer : IAsyncDisposable
{
    /// <summary>Bytes a second that a request body must bring on average.</summary>
    private const double SlowestBody = 256;

    private readonly WebApplication _application;
    private readonly Admission _admission;
    private readonly Readiness _readiness;
    private readonly NodeConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private int _publicAddresses;

    /// <summary>Composes a front that does not listen yet.</summary>
    /// <param name="configuration">A configuration without mistakes (see <see cref="ConfigurationValidator"/>).</param>
    /// <param name="enclave">The enclave; the caller owns it.</param>
    /// <param name="time">The clock of limits and timeouts.</param>
    /// <param name="logs">Where log events go, or null for nowhere.</param>
    /// <param name="compose">Changes the pipeline before the front's own resources; for tests.</param>
    public FrontServer(
        NodeConfiguration configuration,
        IEnclave enclave,
        TimeProvider? time = null,
        ILoggerProvider? logs = null,
        Action<WebApplication>? compose = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(enclave);
        _configuration = configuration;
        _time = time ?? TimeProvider.System;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, CallerLifetime>());
        builder.Logging.ClearProviders();
        if (logs is not null)
        {
            builder.Logging.AddProvider(logs);
        }

        PriorKnowledge priorKnowledge = new();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddSingleton<IConnectionListenerFactory>(priorKnowledge);
        builder.WebHost.ConfigureKestrel(server => Listen(server, priorKnowledge));

        _application = builder.Build();
        _logger = _application.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Verathos.Host");
        _admission = new Admission(configuration.Limits, configuration.Timeouts, _time);
        _readiness = new Readiness(enclave, _admission, configuration, _time, _logger);
        FrontMetrics metrics = new();
        _application.Use(new FrontPipeline(configuration, _readiness, _admission, metrics, _time, _logger).InvokeAsync);
        compose?.Invoke(_application);
        Map(enclave, metrics);
    }

    /// <summary>The addresses that clients reach, with the ports that the system chose; after <see cref="StartAsync"/>.</summary>
    public IReadOnlyList<Uri> Addresses { get; private set; } = [];

    /// <summary>The address of /metrics where it has one of its own.</summary>
    public Uri? MetricsAddress { get; private set; }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="IOException">An address is in use or not this machine's; the message says which and what to do.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException problem) when (problem.InnerException is AddressInUseException)
        {
            string taken = _configuration.Listen.Append(_configuration.MetricsListen)
                .FirstOrDefault(address => address is not null && problem.Message.Contains(Authority(address), StringComparison.Ordinal))
                ?? string.Join(" or ", _configuration.Listen);
            throw new IOException($"{taken} is in use by another program; stop that program, or choose another address with --listen", problem);
        }
        catch (System.Net.Sockets.SocketException problem)
        {
            throw new IOException(
                $"cannot listen on {string.Join(", ", _configuration.Listen)}: {problem.Message}; choose an address of this machine and a port that this user may open",
                problem);
        }

        Uri[] bound = [.. _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Where(address => address.Contains("://", StringComparison.Ordinal) && Uri.IsWellFormedUriString(address, UriKind.Absolute))
            .Select(address => new Uri(address)).Where(address => address.Port > 0 && address.Host != "http2")];
        Addresses = bound[..Math.Min(_publicAddresses, bound.Length)];
        MetricsAddress = bound.Length > _publicAddresses ? bound[^1] : null;
        foreach (Uri address in bound)
        {
            FrontLog.Listening(_logger, address.GetLeftPart(UriPartial.Authority));
        }
    }

    /// <summary>
    /// Stops gracefully: readiness turns false, new sealed requests are refused, and running answers have until the
    /// configured deadline. What still runs then is cut.
    /// </summary>
    /// <returns>The number of answers that were cut.</returns>
    public async Task<int> StopAsync()
    {
        Task empty = _admission.Drain();
        FrontLog.Draining(_logger, _admission.Running, _configuration.Timeouts.DrainSeconds);
        try
        {
            await empty.WaitAsync(TimeSpan.FromSeconds(_configuration.Timeouts.DrainSeconds), _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The deadline passed: the rest is cut below.
        }

        int cut = _admission.Running;
        await _admission.CutAsync().ConfigureAwait(false);
        using CancellationTokenSource hurry = new(TimeSpan.FromSeconds(2));
        await _application.StopAsync(hurry.Token).ConfigureAwait(false);
        FrontLog.Stopped(_logger, cut);
        return cut;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync().ConfigureAwait(false);
        await _admission.DisposeAsync().ConfigureAwait(false);
        _readiness.Dispose();
    }

    private void Map(IEnclave enclave, FrontMetrics metrics)
    {
        _application.Use(SeparateMetricsAsync);
        _application.UseRouting();
        EvidenceResource evidence = new(enclave, _configuration, metrics, _time, _logger);
        GatewayResource gateway = new(enclave, _configuration, _admission, metrics, _time, _logger);
        HealthResource health = new(_readiness, _admission, metrics);
        _application.MapGet("/.well-known/verathos/evidence", evidence.EvidenceAsync).WithMetadata(FrontEndpoint.Evidence);
        _application.MapGet("/.well-known/ohttp-gateway", evidence.KeysAsync).WithMetadata(FrontEndpoint.Keys);
        _application.MapPost(_configuration.GatewayPath, gateway.HandleAsync).WithMetadata(FrontEndpoint.Gateway);
        _application.MapGet("/health/live", HealthResource.LiveAsync).WithMetadata(FrontEndpoint.Live);
        _application.MapGet("/health/ready", health.ReadyAsync).WithMetadata(FrontEndpoint.Ready);
        _application.MapGet("/metrics", health.MetricsAsync).WithMetadata(FrontEndpoint.Metrics);
    }

    /// <summary>
    /// Where metrics have an address of their own, serves them there alone and nothing but them and health; else to callers
    /// on this machine only, because counters that move with each request tell a stranger what others do.
    /// </summary>
    private Task SeparateMetricsAsync(HttpContext context, RequestDelegate next)
    {
        bool own = MetricsAddress is { } address && context.Connection.LocalPort == address.Port;
        bool metrics = context.Request.Path.StartsWithSegments("/metrics", StringComparison.OrdinalIgnoreCase);
        bool health = context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal);
        bool allowed = MetricsAddress is null ? !metrics || IsLocal(context) : own == metrics;
        if (health || allowed)
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    /// <summary>True for a caller on this machine that is not a proxy which says that it asks for somebody else.</summary>
    private static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } remote
        && IPAddress.IsLoopback(remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote)
        && !context.Request.Headers.ContainsKey("X-Forwarded-For")
        && !context.Request.Headers.ContainsKey("Forwarded");

    private void Listen(KestrelServerOptions server, PriorKnowledge priorKnowledge)
    {
        server.AddServerHeader = false;
        server.Limits.MaxRequestBodySize = _configuration.Limits.BodyBytes;
        server.Limits.MaxRequestHeadersTotalSize = _configuration.Limits.HeaderBytes;
        server.Limits.MaxRequestLineSize = Math.Min(8192, _configuration.Limits.HeaderBytes);
        server.Limits.MaxRequestHeaderCount = 64;
        server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(_configuration.Timeouts.HeaderSeconds);
        server.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(120);
        server.Limits.MinRequestBodyDataRate = new MinDataRate(SlowestBody, TimeSpan.FromSeconds(5));
        server.Limits.Http2.MaxStreamsPerConnection = 100;
        server.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        bool cleartext = false;
        ConnectionQuota clients = new(_configuration.Limits.Connections);
        foreach (string text in _configuration.Listen)
        {
            _ = ListenAddress.TryParse(text, out ListenAddress? address);
            cleartext |= !address!.Secure;
            _publicAddresses += Bind(server, address, priorKnowledge, clients);
        }

        if (_configuration.MetricsListen is { } metrics)
        {
            _ = ListenAddress.TryParse(metrics, out ListenAddress? address);
            // Whoever watches the node gets through when clients have all their connections.
            Bind(server, address!, priorKnowledge, new ConnectionQuota(_configuration.Limits.Connections));
        }

        if (cleartext)
        {
            server.Listen(PriorKnowledge.EndPoint, options => options.Protocols = HttpProtocols.Http2);
        }
    }

    private int Bind(KestrelServerOptions server, ListenAddress address, PriorKnowledge priorKnowledge, ConnectionQuota quota)
    {
        void Configure(ListenOptions options)
        {
            quota.Use(options);
            if (address.Secure)
            {
                options.Protocols = HttpProtocols.Http1AndHttp2;
                options.UseHttps(X509Certificate2.CreateFromPemFile(_configuration.TlsCertificate!, _configuration.TlsKey));
                SimulatedMark.Use(options, () => _readiness);
            }
            else
            {
                options.Protocols = HttpProtocols.Http1;
                SimulatedMark.Use(options, () => _readiness);
                priorKnowledge.Use(options, TimeSpan.FromSeconds(_configuration.Timeouts.HeaderSeconds), _time);
            }
        }

        if (address.Address is null && address.Port == 0)
        {
            // One port for both loopback addresses cannot be left to the system.
            server.Listen(IPAddress.Loopback, 0, Configure);
        }
        else if (address.Address is null)
        {
            server.ListenLocalhost(address.Port, Configure);
        }
        else
        {
            server.Listen(address.Address, address.Port, Configure);
        }

        return 1;
    }

    private static string Authority(string address) =>
        ListenAddress.TryParse(address, out ListenAddress? parsed) ? ":" + parsed.Port.ToString(CultureInfo.InvariantCulture) : address;

    /// <summary>Signals are the command line's; the server only starts and stops when told.</summary>
    private sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
