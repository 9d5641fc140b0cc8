using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Snp;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Snp;

/// <summary>
/// A software AMD for one product line, with random keys of its own: ARK, ASK and ASVK (RSASSA-PSS with SHA-384), the keys of one chip
/// and of one provider (P-384), and the reports that they sign. Nothing of it is kept on disk.
/// </summary>
public sealed class SimulatedAmd : IDisposable
{
    /// <summary>Length of AMD's own RSA keys in bits.</summary>
    public const int StandardKeyBits = 4096;

    private const int ReportLength = 1184;
    private const int SignedLength = 0x2A0;

    private readonly AmdAuthority authority;
    private readonly ECDsa leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly TimeProvider time;

    /// <summary>Makes the authorities of one product line.</summary>
    /// <param name="product">The product line.</param>
    /// <param name="time">The clock for validity periods; the system's by default.</param>
    /// <param name="keyBits">Length of the RSA keys; shorter ones are quicker to make, and no verifier minds.</param>
    public SimulatedAmd(SnpProduct product, TimeProvider? time = null, int keyBits = StandardKeyBits)
    {
        this.time = time ?? TimeProvider.System;
        Product = product;
        authority = new AmdAuthority(product, keyBits);
        Tcb = new SnpTcb(4, 1, 24, 219, product == SnpProduct.Turin ? (byte)2 : null);
        ChipId = RandomNumberGenerator.GetBytes(64);
        if (product == SnpProduct.Turin)
        {
            ChipId.AsSpan(8).Clear();
        }
    }

    /// <summary>The product line.</summary>
    public SnpProduct Product { get; }

    /// <summary>The chip's identifier, 64 bytes; on Turin eight and zeros.</summary>
    public byte[] ChipId { get; }

    /// <summary>The TCB of the platform.</summary>
    public SnpTcb Tcb { get; }

    /// <summary>The ARK.</summary>
    public X509Certificate2 Root => authority.Ark;

    /// <summary>The ARK as PEM.</summary>
    public string RootPem => authority.Ark.ExportCertificatePem();

    /// <summary>Mints one report.</summary>
    /// <param name="spec">Its fields.</param>
    /// <returns>1,184 bytes.</returns>
    /// <exception cref="ArgumentException">A fixed-size field has another length.</exception>
    public byte[] Mint(SnpReportSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        byte[] report = new byte[ReportLength];
        BinaryPrimitives.WriteUInt32LittleEndian(report, spec.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(4), spec.GuestSvn);
        Put(report, 0x08, spec.Policy, 8);
        Put(report, 0x10, spec.FamilyId, 16);
        Put(report, 0x20, spec.ImageId, 16);
        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(0x30), spec.Vmpl);
        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(0x34), spec.SignatureAlgorithm);
        Put(report, 0x38, Bytes(spec.CurrentTcb ?? Tcb), 8);
        Put(report, 0x40, spec.PlatformInfo, 8);
        report[0x48] = (byte)((spec.HasAuthorKey ? 1 : 0) | (spec.MaskChipKey ? 2 : 0) | (spec.SigningKey << 2));
        Put(report, 0x4C, spec.ReservedAfterFlags, 4);
        Put(report, 0x50, spec.ReportData, 64);
        Put(report, 0x90, spec.Measurement, 48);
        Put(report, 0xC0, spec.HostData, 32);
        Put(report, 0xE0, spec.IdKeyDigest, 48);
        Put(report, 0x110, spec.AuthorKeyDigest, 48);
        Put(report, 0x140, spec.ReportId, 32);
        Put(report, 0x160, spec.MigrationAgentId, 32);
        Put(report, 0x180, Bytes(spec.ReportedTcb ?? Tcb), 8);
        if (spec.Version >= 3)
        {
            (report[0x188], report[0x189], report[0x18A]) = spec.Cpuid ?? Cpuid;
        }

        Put(report, 0x1A0, spec.ChipId ?? ChipId, 64);
        Put(report, 0x1E0, Bytes(spec.CommittedTcb ?? Tcb), 8);
        (report[0x1E8], report[0x1E9], report[0x1EA]) = spec.CurrentFirmware;
        (report[0x1EC], report[0x1ED], report[0x1EE]) = spec.CommittedFirmware;
        Put(report, 0x1F0, Bytes(spec.LaunchTcb ?? Tcb), 8);
        if (spec.Version >= 5)
        {
            Put(report, 0x1F8, spec.LaunchMitigations, 8);
            Put(report, 0x200, spec.CurrentMitigations, 8);
        }

        spec.Edit?.Invoke(report);
        Sign(report, spec.Signature);
        return report;
    }

    /// <summary>The certificate of the key that signs reports, DER.</summary>
    public byte[] Certificate(SnpKeySpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        byte[] chip = Product == SnpProduct.Turin ? ChipId[..8] : ChipId;
        return authority.IssueKey(spec, leafKey, Tcb, chip, time.GetUtcNow());
    }

    /// <summary>The ARK's revocation list, DER.</summary>
    public byte[] Crl(SnpCollateralSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        DateTimeOffset from = spec.CrlThisUpdate ?? time.GetUtcNow().AddHours(-1);
        return authority.Crl(spec, spec.Key is { IsVlek: true }, from, spec.CrlNextUpdate ?? from.AddYears(1));
    }

    /// <summary>What goes with a report, in the form that a batch's line has.</summary>
    public JsonObject Collateral(SnpCollateralSpec? spec = null)
    {
        spec ??= new SnpCollateralSpec();
        JsonObject json = [];
        bool vlek = spec.Key is { IsVlek: true };
        if (spec.Key is not null)
        {
            json[vlek ? "vlek_der_b64" : "vcek_der_b64"] = Convert.ToBase64String(Certificate(spec.Key));
        }

        if (spec.WithAuthorities)
        {
            json["ask_der_b64"] = Convert.ToBase64String(authority.Intermediate(vlek).RawData);
            json["ark_der_b64"] = Convert.ToBase64String(authority.Ark.RawData);
        }

        if (spec.WithCrl)
        {
            json["crl_der_b64"] = Convert.ToBase64String(Crl(spec));
        }

        return json;
    }

    /// <summary>As <see cref="Collateral"/>, in UTF-8.</summary>
    public byte[] CollateralBytes(SnpCollateralSpec? spec = null) => Encoding.UTF8.GetBytes(Collateral(spec).ToJsonString());

    /// <summary>Eight bytes in the product's order.</summary>
    public byte[] Bytes(SnpTcb tcb) => Product == SnpProduct.Turin
        ? [tcb.Fmc ?? 0, tcb.BootLoader, tcb.Tee, tcb.Snp, 0, 0, 0, tcb.Microcode]
        : [tcb.BootLoader, tcb.Tee, 0, 0, 0, 0, tcb.Snp, tcb.Microcode];

    /// <summary>Releases the private keys.</summary>
    public void Dispose()
    {
        leafKey.Dispose();
        authority.Dispose();
    }

    private (byte Family, byte Model, byte Stepping) Cpuid => Product switch
    {
        SnpProduct.Turin => (0x1A, 0x02, 1),
        SnpProduct.Genoa => (0x19, 0xA0, 2),
        _ => (0x19, 0x01, 1),
    };

    // r and s are little-endian, in 72 bytes each.
    private void Sign(byte[] report, SignatureFault fault)
    {
        using ECDsa? foreign = fault == SignatureFault.ForeignKey ? ECDsa.Create(ECCurve.NamedCurves.nistP384) : null;
        byte[] signature = (foreign ?? leafKey).SignData(report.AsSpan(0, SignedLength), HashAlgorithmName.SHA384);
        signature[0] ^= (byte)(fault == SignatureFault.BitFlipped ? 1 : 0);
        signature.AsSpan(0, 48).Reverse();
        signature.AsSpan(48).Reverse();
        signature.AsSpan(0, 48).CopyTo(report.AsSpan(SignedLength));
        signature.AsSpan(48).CopyTo(report.AsSpan(SignedLength + 72));
    }

    private static void Put(byte[] report, int offset, byte[] value, int length)
    {
        if (value.Length != length)
        {
            throw new ArgumentException($"{value.Length} bytes for offset 0x{offset:X} instead of {length}", nameof(value));
        }

        value.CopyTo(report, offset);
    }
}
