using Verathos.Enclave;
using Verathos.Enclave.Platform;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Configuration;
using Verathos.Host.Front;

namespace Verathos.Host.Demo;

/// <summary>A whole simulated node in this process, on a loopback port of the system's choice.</summary>
internal sealed class DemoNode : IAsyncDisposable
{
    private readonly IPlatformDriver _driver;
    private readonly IEnclave _enclave;
    private readonly FrontServer _front;

    private DemoNode(IPlatformDriver driver, IEnclave enclave, FrontServer front)
    {
        _driver = driver;
        _enclave = enclave;
        _front = front;
    }

    /// <summary>Where the node listens.</summary>
    public Uri Address => _front.Addresses[0];

    /// <summary>Starts a node on a model, which it takes over.</summary>
    /// <param name="model">The model.</param>
    /// <param name="watch">Puts something between front and enclave; null for nothing.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <param name="limits">The front's limits; the defaults where not given.</param>
    /// <param name="folder">The folder of the simulated installation; this user's own where not given.</param>
    public static Task<DemoNode> StartAsync(LoadedModel model, Func<IEnclave, IEnclave>? watch, CancellationToken cancellationToken, LimitsConfiguration? limits = null, string? folder = null) =>
        StartAsync([model], watch, cancellationToken, limits, folder);

    /// <summary>Starts a node on models, which it takes over.</summary>
    /// <param name="models">The models, the default first.</param>
    /// <param name="watch">Puts something between front and enclave; null for nothing.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <param name="limits">The front's limits; the defaults where not given.</param>
    /// <param name="folder">The folder of the simulated installation; this user's own where not given.</param>
    public static async Task<DemoNode> StartAsync(IReadOnlyList<LoadedModel> models, Func<IEnclave, IEnclave>? watch, CancellationToken cancellationToken, LimitsConfiguration? limits = null, string? folder = null)
    {
        IPlatformDriver driver = PlatformDrivers.Create("simulated", new PlatformOptions { GpuCount = 1, InstallationFolder = folder });
        EnclaveCore core = await EnclaveCore.StartAsync(models, driver, new EnclaveOptions(), TimeProvider.System, cancellationToken).ConfigureAwait(false);
        IEnclave enclave = watch?.Invoke(core) ?? core;
        FrontServer front = new(new NodeConfiguration { Listen = ["http://127.0.0.1:0"], Limits = limits ?? new LimitsConfiguration() }, enclave);
        DemoNode node = new(driver, enclave, front);
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
        await _enclave.DisposeAsync().ConfigureAwait(false);
        (_driver as IDisposable)?.Dispose();
    }
}
