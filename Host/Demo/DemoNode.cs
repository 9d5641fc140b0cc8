using Verathos.Enclave;
using Verathos.Enclave.Platform;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Configuration;
using Verathos.Host.Front;

namespace Verathos.Host.Demo;

/// <summary>A whole node in this process on a loopback port of the system's choice, with its host's view kept.</summary>
internal sealed class DemoNode : IAsyncDisposable
{
    private readonly IPlatformDriver _driver;
    private readonly FrontServer _front;

    private DemoNode(IPlatformDriver driver, HostView host, FrontServer front)
    {
        _driver = driver;
        Host = host;
        _front = front;
    }

    /// <summary>What passes through the host.</summary>
    public HostView Host { get; }

    /// <summary>Where the node listens.</summary>
    public Uri Address => _front.Addresses[0];

    /// <summary>Starts a simulated node on a model, which it takes over.</summary>
    public static async Task<DemoNode> StartAsync(LoadedModel model, string? installation, CancellationToken cancellationToken)
    {
        IPlatformDriver driver = PlatformDrivers.Create("simulated", new PlatformOptions { InstallationFolder = installation, GpuCount = 1 });
        EnclaveCore core = await EnclaveCore.StartAsync(model, driver, new EnclaveOptions(), TimeProvider.System, cancellationToken).ConfigureAwait(false);
        HostView host = new(core);
        FrontServer front = new(new NodeConfiguration { Listen = ["http://127.0.0.1:0"] }, host);
        DemoNode node = new(driver, host, front);
        try
        {
            await front.StartAsync(cancellationToken).ConfigureAwait(false);
            return node;
        }
        catch
        {
            await node.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _front.DisposeAsync().ConfigureAwait(false);
        await Host.DisposeAsync().ConfigureAwait(false);
        (_driver as IDisposable)?.Dispose();
    }
}
