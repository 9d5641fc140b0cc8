using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Verathos.Attestation;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Enclave.Platform;

/// <summary>A TDX machine with GPUs, minted by a simulated installation: real formats, and roots that only a simulated policy trusts.</summary>
public sealed class SimulatedDriver : IPlatformDriver, IDisposable
{
    private readonly Installation _installation;
    private readonly bool _owned;

    /// <summary>A driver over an installation, which stays the caller's.</summary>
    public SimulatedDriver(Installation installation, int gpuCount)
        : this(installation, gpuCount, owned: false)
    {
    }

    private SimulatedDriver(Installation installation, int gpuCount, bool owned)
    {
        ArgumentNullException.ThrowIfNull(installation);
        if (gpuCount < 0 || gpuCount > SimulatedGpu.DeviceCount)
        {
            throw new PlatformException($"The simulated machine has up to {SimulatedGpu.DeviceCount} GPUs, not {gpuCount}.");
        }

        _installation = installation;
        _owned = owned;
        ExpectedGpus = gpuCount;
        using X509Certificate2 intel = X509Certificate2.CreateFromPem(installation.Roots.IntelRootPem);
        using X509Certificate2 device = X509Certificate2.CreateFromPem(installation.Roots.NvidiaDeviceRootPem);
        using X509Certificate2 rim = X509Certificate2.CreateFromPem(installation.Roots.NvidiaRimRootPem);
        Anchors = TrustAnchors.FromSimulated(intel, device, rim);
    }

    /// <summary>Opens or makes the installation of a folder.</summary>
    /// <param name="folder">The folder, or null for the user's own.</param>
    /// <param name="gpuCount">How many GPUs the machine has.</param>
    /// <param name="time">The clock of the minted certificates.</param>
    /// <exception cref="PlatformException">The folder cannot be used.</exception>
    public static SimulatedDriver Open(string? folder, int gpuCount, TimeProvider? time = null)
    {
        try
        {
            return new SimulatedDriver(Installation.OpenOrCreate(folder ?? Installation.DefaultFolder, time), gpuCount, owned: true);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new PlatformException($"The simulated installation in {folder ?? Installation.DefaultFolder} cannot be used: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public string Name => "simulated";

    /// <inheritdoc/>
    public bool IsSimulated => true;

    /// <inheritdoc/>
    public string CpuFormat => NodeEvidence.TdxQuoteFormat;

    /// <inheritdoc/>
    public int ExpectedGpus { get; }

    /// <inheritdoc/>
    public TrustAnchors Anchors { get; }

    /// <summary>Changes quotes before they are minted: the attack bench.</summary>
    public Func<TdxQuoteSpec, TdxQuoteSpec>? ShapeQuote { get; init; }

    /// <summary>Changes GPU states before the enclave sees them: the attack bench.</summary>
    public Func<GpuState, GpuState>? ShapeGpu { get; init; }

    /// <inheritdoc/>
    public void RequireTopology(EnclaveTopology topology)
    {
        // Simulated keys protect nothing, so either will do.
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> GetCpuEvidenceAsync(ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken)
    {
        TdxQuoteSpec spec = new() { ReportData = reportData.ToArray() };
        return ValueTask.FromResult(_installation.Tdx.Mint(ShapeQuote?.Invoke(spec) ?? spec));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<GpuState>> GetGpusAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken)
    {
        GpuState[] states = new GpuState[ExpectedGpus];
        for (int i = 0; i < states.Length; i++)
        {
            MintedGpuEvidence minted = _installation.Gpu.Mint(new GpuReportSpec { Device = i, Nonce = nonce.ToArray() });
            GpuState state = new()
            {
                Index = i,
                ConfidentialMode = true,
                DevTools = false,
                Report = minted.Report,
                CertificateChain = minted.CertificateChain,
                SessionLeaf = LeafDigest(minted.CertificateChain),
            };
            states[i] = ShapeGpu?.Invoke(state) ?? state;
        }

        return ValueTask.FromResult<IReadOnlyList<GpuState>>(states);
    }

    /// <inheritdoc/>
    public ValueTask<PlatformEndorsements> GetEndorsementsAsync(CancellationToken cancellationToken) => ValueTask.FromResult(new PlatformEndorsements
    {
        CpuCollateral = _installation.Collateral.Current,
        GpuRims = ExpectedGpus == 0 ? [] : [_installation.Rim.Driver, _installation.Rim.Vbios],
        GpuOcspResponses =
        [
            .. Enumerable.Range(0, ExpectedGpus).SelectMany(i => _installation.Ocsp.Current(_installation.Gpu.CertificateChain(i)))
                .Select(answer => (ReadOnlyMemory<byte>)answer),
        ],
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owned)
        {
            _installation.Dispose();
        }
    }

    internal static byte[] LeafDigest(ReadOnlySpan<byte> chain)
    {
        using X509Certificate2 leaf = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(chain));
        return SHA256.HashData(leaf.RawDataMemory.Span);
    }
}
