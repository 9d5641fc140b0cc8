using Verathos.Simulator.Authorities;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Dcap;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Sgx;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator;

/// <summary>
/// One software Intel and one software NVIDIA with keys of their own. Evidence that two installations mint has the same
/// form and no common trust anchor, so a verifier that trusts one refuses the other.
/// </summary>
public sealed class Installation : IDisposable
{
    private readonly AuthorityFolder authorities;

    private Installation(AuthorityFolder authorities, SimulatedRoots roots, TimeProvider time)
    {
        this.authorities = authorities;
        Roots = roots;
        var intel = new IntelAuthority(authorities);
        var nvidia = new NvidiaAuthority(authorities);
        var quotes = new QuoteAuthor(intel, time);
        Tdx = new SimulatedTdx(intel, quotes);
        Sgx = new SimulatedSgx(quotes);
        Collateral = new SimulatedCollateral(intel, quotes, time);
        Gpu = new SimulatedGpu(nvidia);
        Ocsp = new SimulatedOcsp(nvidia, time);
        Rim = new SimulatedRim(nvidia, time);
    }

    /// <summary>Where installations live when nothing else is said: <c>verathos/simulated</c> in the user's data folder.</summary>
    public static string DefaultFolder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data && Path.IsPathRooted(data)
            ? data
            : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "verathos",
        "simulated");

    /// <summary>The trust anchors that a verifier of this installation's evidence needs.</summary>
    public SimulatedRoots Roots { get; }

    /// <summary>Mints TDX quotes.</summary>
    public SimulatedTdx Tdx { get; }

    /// <summary>Mints SGX quotes.</summary>
    public SimulatedSgx Sgx { get; }

    /// <summary>Mints the collateral that goes with the quotes.</summary>
    public SimulatedCollateral Collateral { get; }

    /// <summary>Mints GPU attestation reports.</summary>
    public SimulatedGpu Gpu { get; }

    /// <summary>Answers whether device certificates are revoked.</summary>
    public SimulatedOcsp Ocsp { get; }

    /// <summary>Mints the reference integrity manifests that go with the GPU reports.</summary>
    public SimulatedRim Rim { get; }

    /// <summary>
    /// Opens the installation in <paramref name="folder"/>, or makes one with fresh random keys. Two processes that
    /// start at once end up with the same keys. Private keys are readable by their owner only.
    /// </summary>
    /// <param name="folder">Any writable folder; it is created where absent.</param>
    /// <param name="time">The clock for validity periods; the system's by default.</param>
    /// <exception cref="InvalidDataException">The folder holds an installation that is incomplete or not readable.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static Installation OpenOrCreate(string folder, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var authorities = AuthorityFolder.OpenOrCreate(Path.GetFullPath(folder));
        try
        {
            return new Installation(authorities, authorities.ExportRoots(), time ?? TimeProvider.System);
        }
        catch
        {
            authorities.Dispose();
            throw;
        }
    }

    /// <summary>Releases the private keys.</summary>
    public void Dispose() => authorities.Dispose();
}
