using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Snp;
using Verathos.Simulator.Snp;

namespace Verathos.Attestation.Tests.Snp;

/// <summary>
/// The simulator's AMD at a fixed time, with the shorthands of these tests. Its keys take long to make, so that all tests of a product
/// line share one.
/// </summary>
internal sealed class TestAmd : IDisposable
{
    private static readonly ConcurrentDictionary<(SnpProduct, bool), Lazy<SimulatedAmd>> Shared = new();
    private readonly SimulatedAmd _amd;

    public TestAmd(SnpProduct product, bool other = false) =>
        _amd = Shared.GetOrAdd((product, other), key => new Lazy<SimulatedAmd>(() => new SimulatedAmd(key.Item1, new FixedClock(At), keyBits: 2048))).Value;

    public static DateTimeOffset At { get; } = new(2025, 4, 11, 0, 0, 0, TimeSpan.Zero);

    public SimulatedAmd Minter => _amd;

    public byte[] ChipId => _amd.ChipId;

    public SnpProduct Product => _amd.Product;

    public SnpTcb Tcb => _amd.Tcb;

    /// <summary>The hardware identifier as the product writes it.</summary>
    public byte[] HardwareId => Product == SnpProduct.Turin ? ChipId[..8] : ChipId;

    public byte[] Leaf(bool vlek = false, SnpTcb? tcb = null, byte[]? hardwareId = null) =>
        _amd.Certificate(new SnpKeySpec { IsVlek = vlek, Tcb = tcb, HardwareId = hardwareId });

    public string RootPem => _amd.RootPem;

    public TrustAnchors Anchors => TrustAnchors.TryFromRoots(Encoding.ASCII.GetBytes(RootPem), out TrustAnchors? anchors, out ParseError error)
        ? anchors!
        : throw new InvalidOperationException(error.ToString());

    public byte[] Crl(bool revokeAsk = false, DateTimeOffset? nextUpdate = null) =>
        _amd.Crl(new SnpCollateralSpec { RevokeIntermediate = revokeAsk, CrlThisUpdate = At.AddDays(-2), CrlNextUpdate = nextUpdate });

    public JsonObject Collateral(SnpKeySpec? leaf = null, bool vlek = false, byte[]? crl = null)
    {
        JsonObject json = _amd.Collateral(new SnpCollateralSpec { Key = leaf ?? new SnpKeySpec { IsVlek = vlek } });
        if (crl is not null)
        {
            json["crl_der_b64"] = Convert.ToBase64String(crl);
        }

        return json;
    }

    /// <summary>A report that passes, changed as asked before it is signed.</summary>
    public byte[] Report(int version = 3, bool vlek = false, Action<byte[]>? change = null) => _amd.Mint(new SnpReportSpec
    {
        Version = (uint)version,
        SigningKey = (byte)(vlek ? 1 : 0),
        ReportData = RandomNumberGenerator.GetBytes(64),
        Measurement = RandomNumberGenerator.GetBytes(48),
        Edit = change,
    });

    /// <summary>The report as it is, signed.</summary>
    public byte[] Sign(byte[] report) => _amd.Mint(new SnpReportSpec { Edit = target => report.CopyTo(target, 0) });

    public void Dispose()
    {
        // The shared authorities live as long as the process.
    }

    private sealed class FixedClock(DateTimeOffset at) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => at;
    }
}
