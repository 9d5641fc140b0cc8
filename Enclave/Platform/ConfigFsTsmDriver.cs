using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Verathos.Attestation;

namespace Verathos.Enclave.Platform;

/// <summary>
/// Intel TDX through the kernel's configfs interface (Documentation/ABI/testing/configfs-tsm-report, Linux 6.7 and up):
/// 64 bytes into <c>inblob</c>, the quote out of <c>outblob</c>, and <c>generation</c> to see that nobody else wrote between.
/// </summary>
/// <remarks>Written to that interface and tested against a folder that behaves like it. Not yet run on hardware.</remarks>
public sealed class ConfigFsTsmDriver : IPlatformDriver
{
    /// <summary>Where the kernel mounts the interface.</summary>
    public const string DefaultRoot = "/sys/kernel/config/tsm/report";

    private const int ReportDataLength = 64;
    private const int MaxQuoteLength = 64 * 1024;
    private const int Attempts = 5;
    private readonly string _root;
    private readonly string? _entry;
    private readonly bool _wholeHostMeasured;
    private readonly TsmFiles _files;

    /// <summary>A driver over a configfs tree.</summary>
    /// <param name="options">Folder, entry, GPU count.</param>
    /// <exception cref="PlatformException">The tree is not there, or GPUs are expected.</exception>
    public ConfigFsTsmDriver(PlatformOptions options)
        : this(options, new TsmFiles())
    {
    }

    internal ConfigFsTsmDriver(PlatformOptions options, TsmFiles files)
    {
        _files = files;
        ArgumentNullException.ThrowIfNull(options);
        _root = options.ConfigFsRoot ?? DefaultRoot;
        _entry = options.ConfigFsEntry;
        _wholeHostMeasured = options.WholeHostMeasured;
        if (options.GpuCount > 0)
        {
            throw new PlatformException($"GPU evidence on hardware is unsupported: it needs the NVML driver, which this build does not have. Set the GPU count to 0 (asked for: {options.GpuCount}).");
        }

        if (!Directory.Exists(_root))
        {
            throw new PlatformException($"{_root} does not exist, so this kernel offers no TDX quotes. Run inside a TDX guest with Linux 6.7 or newer, load the module tdx_guest, and mount configfs on /sys/kernel/config; or use the simulated TEE.");
        }
    }

    /// <inheritdoc/>
    public string Name => "tdx";

    /// <inheritdoc/>
    public bool IsSimulated => false;

    /// <inheritdoc/>
    public string CpuFormat => NodeEvidence.TdxQuoteFormat;

    /// <inheritdoc/>
    public int ExpectedGpus => 0;

    /// <inheritdoc/>
    public TrustAnchors Anchors => TrustAnchors.Production;

    /// <inheritdoc/>
    public void RequireTopology(EnclaveTopology topology)
    {
        if (topology == EnclaveTopology.InProcess && !_wholeHostMeasured)
        {
            throw new PlatformException("The tdx driver refuses the in-process topology: the untrusted host would hold the keys. Run 'verathos enclave --listen unix:PATH' inside the guest and 'verathos node --enclave unix:PATH', or declare that the whole host is measured.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]> GetCpuEvidenceAsync(ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(reportData.Length, ReportDataLength);
        string name = _entry ?? "verathos-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        string folder = Path.Combine(_root, name);
        bool made = !Directory.Exists(folder);
        try
        {
            if (made)
            {
                // The kernel fills the folder with its attributes as part of mkdir.
                Directory.CreateDirectory(folder);
            }

            return await ReadQuoteAsync(folder, reportData, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PlatformException($"The kernel gave no quote through {folder}: {exception.Message}", exception);
        }
        finally
        {
            if (made && Directory.Exists(folder))
            {
                // rmdir is how configfs gives an entry back; its attributes cannot be deleted one by one.
                Directory.Delete(folder);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<GpuState>> GetGpusAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<GpuState>>([]);

    /// <inheritdoc/>
    /// <remarks>None: the guest has no way to Intel's services of its own; verifiers fetch collateral.</remarks>
    public ValueTask<PlatformEndorsements> GetEndorsementsAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult(PlatformEndorsements.None);

    private async Task<byte[]> ReadQuoteAsync(string folder, ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken)
    {
        string provider = await ReadTextAsync(Path.Combine(folder, "provider"), cancellationToken).ConfigureAwait(false);
        if (provider != "tdx_guest")
        {
            throw new PlatformException($"The report provider is '{provider}', not 'tdx_guest': this is not a TDX guest.");
        }

        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            long before = await ReadGenerationAsync(folder, cancellationToken).ConfigureAwait(false);
            await _files.WriteAsync(Path.Combine(folder, "inblob"), reportData, cancellationToken).ConfigureAwait(false);
            byte[] quote = await _files.ReadAsync(Path.Combine(folder, "outblob"), MaxQuoteLength, cancellationToken).ConfigureAwait(false);
            long after = await ReadGenerationAsync(folder, cancellationToken).ConfigureAwait(false);
            if (after == before + 1)
            {
                return quote.Length > 0 ? quote : throw new PlatformException("The kernel returned an empty quote: the quoting service behind it did not answer.");
            }

            // Another writer came between: the quote may be over its data. Ask again.
        }

        throw new PlatformException($"Something else keeps writing to {folder}: {Attempts} quotes in a row were over foreign data or none. Give the enclave an entry of its own.");
    }

    private async Task<long> ReadGenerationAsync(string folder, CancellationToken cancellationToken)
    {
        string text = await ReadTextAsync(Path.Combine(folder, "generation"), cancellationToken).ConfigureAwait(false);
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long generation)
            ? generation
            : throw new PlatformException($"{folder}/generation does not hold a number.");
    }

    private async Task<string> ReadTextAsync(string path, CancellationToken cancellationToken) =>
        Encoding.ASCII.GetString(await _files.ReadAsync(path, 4096, cancellationToken).ConfigureAwait(false)).Trim();
}
