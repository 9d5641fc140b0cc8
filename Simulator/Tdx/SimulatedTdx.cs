using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Verathos.Simulator.Authorities;
using Verathos.Simulator.Certificates;

namespace Verathos.Simulator.Tdx;

/// <summary>
/// Mints version 4 TDX quotes with ECDSA attestation keys: header (48 bytes), TD report 1.0 (584), signature, attestation
/// key, and certification data type 6 (QE report, its signature, authentication data, PCK chain as type 5).
/// </summary>
public sealed class SimulatedTdx
{
    private const int HeaderAndBody = 632;

    private readonly IntelAuthority intel;
    private readonly TimeProvider time;
    private readonly Renewable<ConcurrentDictionary<string, X509Certificate2>> certificates;
    private readonly byte[] attestationKey;
    private readonly Lock gate = new();

    internal SimulatedTdx(IntelAuthority intel, TimeProvider time)
    {
        this.intel = intel;
        this.time = time;
        certificates = new(time, TimeSpan.FromDays(365 * 6), _ => new());
        attestationKey = PublicPoint(intel.AttestationKey);
    }

    /// <summary>Mints one quote.</summary>
    /// <param name="spec">Its fields.</param>
    /// <returns>The quote's exact bytes, with <see cref="TdxQuoteSpec.TrailingZeros"/> zero bytes after them.</returns>
    /// <exception cref="ArgumentException">A fixed-size field has another length.</exception>
    public byte[] Mint(TdxQuoteSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        byte[] shownKey = spec.AttestationKey is null ? attestationKey : Sized(spec.AttestationKey, 64, nameof(spec.AttestationKey));
        byte[] certification = spec.CertificationData ?? PckChain(spec);
        byte[] auth = spec.Qe.AuthenticationData;

        int inner = 384 + 64 + 2 + auth.Length + 6 + certification.Length;
        int signatureData = 64 + 64 + 6 + inner;
        byte[] quote = new byte[HeaderAndBody + 4 + signatureData + spec.TrailingZeros];
        WriteHeader(quote.AsSpan(0, 48), spec);
        WriteBody(quote.AsSpan(48, 584), spec);
        Span<byte> rest = quote.AsSpan(HeaderAndBody);
        BinaryPrimitives.WriteUInt32LittleEndian(rest, spec.DeclaredSignatureDataLength ?? (uint)signatureData);
        Span<byte> signature = rest[4..68];
        shownKey.CopyTo(rest[68..]);
        BinaryPrimitives.WriteUInt16LittleEndian(rest[132..], spec.OuterCertificationType);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[134..], spec.DeclaredOuterLength ?? (uint)inner);

        Span<byte> data = rest.Slice(138, inner);
        Span<byte> qeReport = data[..384];
        WriteQeReport(qeReport, spec.Qe, shownKey);
        BinaryPrimitives.WriteUInt16LittleEndian(data[448..], spec.DeclaredAuthenticationLength ?? checked((ushort)auth.Length));
        auth.CopyTo(data[450..]);
        Span<byte> chain = data[(450 + auth.Length)..];
        BinaryPrimitives.WriteUInt16LittleEndian(chain, spec.InnerCertificationType);
        BinaryPrimitives.WriteUInt32LittleEndian(chain[2..], spec.DeclaredInnerLength ?? (uint)certification.Length);
        certification.CopyTo(chain[6..]);

        Sign(intel.AttestationKey, quote.AsSpan(0, HeaderAndBody), signature, spec.Signature);
        Sign(intel.PckKey, qeReport, data[384..448], spec.Qe.Signature);
        return quote;
    }

    /// <summary>The serial number (big-endian) of the PCK certificate that quotes with these fields carry.</summary>
    public byte[] PckSerialNumber(PckSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.SerialNumber ?? intel.DefaultPckSerial(spec);
    }

    /// <summary>The PCK certificate that quotes with these fields carry, DER.</summary>
    public byte[] PckCertificate(PckSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return Certificate(spec).RawData;
    }

    private static void WriteHeader(Span<byte> header, TdxQuoteSpec spec)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(header, spec.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], spec.AttestationKeyType);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], spec.TeeType);
        Sized(spec.HeaderReserved, 4, nameof(spec.HeaderReserved)).CopyTo(header[8..]);
        Sized(spec.QeVendorId, 16, nameof(spec.QeVendorId)).CopyTo(header[12..]);
        Sized(spec.UserData, 20, nameof(spec.UserData)).CopyTo(header[28..]);
    }

    private static void WriteBody(Span<byte> body, TdxQuoteSpec spec)
    {
        Span<byte> at = body;
        Put(ref at, spec.TeeTcbSvn, 16, nameof(spec.TeeTcbSvn));
        Put(ref at, spec.MrSeam, 48, nameof(spec.MrSeam));
        Put(ref at, spec.MrSignerSeam, 48, nameof(spec.MrSignerSeam));
        Put(ref at, spec.SeamAttributes, 8, nameof(spec.SeamAttributes));
        Put(ref at, spec.TdAttributes, 8, nameof(spec.TdAttributes));
        Put(ref at, spec.Xfam, 8, nameof(spec.Xfam));
        Put(ref at, spec.MrTd, 48, nameof(spec.MrTd));
        Put(ref at, spec.MrConfigId, 48, nameof(spec.MrConfigId));
        Put(ref at, spec.MrOwner, 48, nameof(spec.MrOwner));
        Put(ref at, spec.MrOwnerConfig, 48, nameof(spec.MrOwnerConfig));
        Put(ref at, spec.Rtmr0, 48, nameof(spec.Rtmr0));
        Put(ref at, spec.Rtmr1, 48, nameof(spec.Rtmr1));
        Put(ref at, spec.Rtmr2, 48, nameof(spec.Rtmr2));
        Put(ref at, spec.Rtmr3, 48, nameof(spec.Rtmr3));
        Put(ref at, spec.ReportData, 64, nameof(spec.ReportData));
    }

    private static void WriteQeReport(Span<byte> report, QeReportSpec spec, byte[] shownKey)
    {
        Sized(spec.CpuSvn, 16, nameof(spec.CpuSvn)).CopyTo(report);
        BinaryPrimitives.WriteUInt32LittleEndian(report[16..], spec.MiscSelect);
        Sized(spec.ReservedAfterMiscSelect, 28, nameof(spec.ReservedAfterMiscSelect)).CopyTo(report[20..]);
        Sized(spec.Attributes, 16, nameof(spec.Attributes)).CopyTo(report[48..]);
        Sized(spec.MrEnclave, 32, nameof(spec.MrEnclave)).CopyTo(report[64..]);
        Sized(spec.ReservedAfterMrEnclave, 32, nameof(spec.ReservedAfterMrEnclave)).CopyTo(report[96..]);
        Sized(spec.MrSigner, 32, nameof(spec.MrSigner)).CopyTo(report[128..]);
        Sized(spec.ReservedAfterMrSigner, 96, nameof(spec.ReservedAfterMrSigner)).CopyTo(report[160..]);
        BinaryPrimitives.WriteUInt16LittleEndian(report[256..], spec.IsvProdId);
        BinaryPrimitives.WriteUInt16LittleEndian(report[258..], spec.IsvSvn);
        Sized(spec.ReservedAfterIsvSvn, 60, nameof(spec.ReservedAfterIsvSvn)).CopyTo(report[260..]);
        if (spec.ReportData is { } reportData)
        {
            Sized(reportData, 64, nameof(spec.ReportData)).CopyTo(report[320..]);
        }
        else
        {
            SHA256.HashData([.. shownKey, .. spec.AuthenticationData], report[320..]);
        }
    }

    private byte[] PckChain(TdxQuoteSpec spec)
    {
        byte[] leaf = Certificate(spec.Pck).RawData;
        byte[] intermediate = intel.Authority(spec.Pck.Ca, spec.PckAuthority);
        byte[] root = intel.Authority(null, spec.Root);
        byte[][] chain = spec.ChainOrder switch
        {
            PckChainOrder.LeafRootIntermediate => [leaf, root, intermediate],
            PckChainOrder.RootIntermediateLeaf => [root, intermediate, leaf],
            _ => [leaf, intermediate, root],
        };
        var pem = new StringBuilder(4096);
        foreach (byte[] certificate in spec.ArrangeChain?.Invoke(chain) ?? chain)
        {
            pem.Append(PemEncoding.WriteString("CERTIFICATE", certificate)).Append('\n');
        }

        if (spec.PemEndsInNul)
        {
            pem.Append('\0');
        }

        return Encoding.ASCII.GetBytes(pem.ToString());
    }

    private X509Certificate2 Certificate(PckSpec spec)
    {
        if (spec.Certificate != CertificateSpec.Standard)
        {
            return intel.IssuePck(spec, time.GetUtcNow());
        }

        string fields = string.Join(
            '/',
            Convert.ToHexString(PckSerialNumber(spec)),
            Convert.ToHexString(intel.DefaultPckSerial(spec)),
            spec.Ca,
            spec.SelfSigned,
            spec.NotBefore?.UtcTicks,
            spec.NotAfter?.UtcTicks);
        return certificates.Current.GetOrAdd(fields, _ => intel.IssuePck(spec, time.GetUtcNow()));
    }

    private void Sign(ECDsa key, ReadOnlySpan<byte> data, Span<byte> signature, SignatureFault fault)
    {
        if (fault == SignatureFault.ForeignKey)
        {
            using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            foreign.SignData(data, HashAlgorithmName.SHA256).CopyTo(signature);
            return;
        }

        lock (gate)
        {
            key.SignData(data, HashAlgorithmName.SHA256).CopyTo(signature);
        }

        if (fault == SignatureFault.BitFlipped)
        {
            signature[0] ^= 1;
        }
    }

    private static byte[] PublicPoint(ECDsa key)
    {
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        return [.. point.X!, .. point.Y!];
    }

    private static void Put(ref Span<byte> at, byte[] value, int length, string name)
    {
        Sized(value, length, name).CopyTo(at);
        at = at[length..];
    }

    private static byte[] Sized(byte[] value, int length, string name) => value.Length == length
        ? value
        : throw new ArgumentException($"{name} has {value.Length} bytes instead of {length}", name);
}
