using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Verathos.Simulator.Authorities;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Dcap;

/// <summary>
/// Writes and signs quotes: header (48 bytes), body, signature, attestation key, and the quoting enclave's report with what certifies
/// it, in versions 4 and 5 inside certification data of type 6.
/// </summary>
internal sealed class QuoteAuthor(IntelAuthority intel, TimeProvider time)
{
    private const int HeaderLength = 48;
    private const int QeReportLength = 384;

    private readonly Renewable<ConcurrentDictionary<string, X509Certificate2>> certificates = new(time, TimeSpan.FromDays(365 * 6), _ => new());
    private readonly Lock gate = new();

    // Read at once, so that an installation that lacks the key says so when it is opened.
    private readonly byte[] attestationKey = PublicPoint(intel.AttestationKey);

    public byte[] Write(QuoteSpec spec)
    {
        bool wide = spec.AttestationKeyType == 3;
        ECDsa attestation = wide ? intel.WideAttestationKey : intel.AttestationKey;
        byte[] shownKey = spec.AttestationKey ?? (wide ? PublicPoint(attestation) : attestationKey);
        int half = wide ? 96 : 64;
        if (shownKey.Length != half)
        {
            throw new ArgumentException($"{nameof(spec.AttestationKey)} has {shownKey.Length} bytes instead of {half}", nameof(spec));
        }

        byte[] signed = [.. Header(spec), .. Descriptor(spec), .. spec.Body()];
        byte[] enclave = CertifiedEnclave(spec, shownKey);
        byte[] outer = spec.Version == 3 ? enclave : [.. Little16(spec.OuterCertificationType), .. Little32(spec.DeclaredOuterLength ?? (uint)enclave.Length), .. enclave];
        byte[] signature = Sign(attestation, signed, spec.Signature, wide);
        uint length = (uint)(signature.Length + shownKey.Length + outer.Length);
        return [.. signed, .. Little32(spec.DeclaredSignatureDataLength ?? length), .. signature, .. shownKey, .. outer, .. new byte[spec.TrailingZeros]];
    }

    public X509Certificate2 Certificate(PckSpec spec)
    {
        if (spec.Certificate != CertificateSpec.Standard)
        {
            return intel.IssuePck(spec, time.GetUtcNow());
        }

        string fields = string.Join(
            '/',
            Convert.ToHexString(spec.SerialNumber ?? intel.DefaultPckSerial(spec)),
            Convert.ToHexString(intel.DefaultPckSerial(spec)),
            spec.Ca,
            spec.SelfSigned,
            spec.NotBefore?.UtcTicks,
            spec.NotAfter?.UtcTicks);
        return certificates.Current.GetOrAdd(fields, _ => intel.IssuePck(spec, time.GetUtcNow()));
    }

    /// <summary>The chain of a PCK certificate as PEM, in order leaf, authority, root.</summary>
    public string ChainPem(PckSpec spec) =>
        Pem([Certificate(spec).RawData, intel.Authority(spec.Ca, CertificateSpec.Standard), intel.Authority(null, CertificateSpec.Standard)]);

    private byte[] CertifiedEnclave(QuoteSpec spec, byte[] shownKey)
    {
        byte[] report = QeReport(spec.Qe, shownKey);
        byte[] authentication = spec.Qe.AuthenticationData;
        byte[] certification = spec.CertificationData ?? CertificationData(spec);
        return
        [
            .. report, .. Sign(intel.PckKey, report, spec.Qe.Signature, wide: false),
            .. Little16(spec.DeclaredAuthenticationLength ?? checked((ushort)authentication.Length)), .. authentication,
            .. Little16(spec.InnerCertificationType), .. Little32(spec.DeclaredInnerLength ?? (uint)certification.Length), .. certification,
        ];
    }

    private static byte[] Header(QuoteSpec spec)
    {
        byte[] header = new byte[HeaderLength];
        BinaryPrimitives.WriteUInt16LittleEndian(header, spec.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), spec.AttestationKeyType);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), spec.TeeType);
        Sized(spec.HeaderReserved, 4, nameof(spec.HeaderReserved)).CopyTo(header, 8);
        Sized(spec.QeVendorId, 16, nameof(spec.QeVendorId)).CopyTo(header, 12);
        Sized(spec.UserData, 20, nameof(spec.UserData)).CopyTo(header, 28);
        return header;
    }

    private static byte[] Descriptor(QuoteSpec spec) =>
        spec.Version < 5 ? [] : [.. Little16(spec.BodyType), .. Little32(spec.DeclaredBodySize ?? (uint)spec.Body().Length)];

    private static byte[] QeReport(QeReportSpec spec, byte[] shownKey)
    {
        byte[] report = new byte[QeReportLength];
        Sized(spec.CpuSvn, 16, nameof(spec.CpuSvn)).CopyTo(report, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(16), spec.MiscSelect);
        Sized(spec.ReservedAfterMiscSelect, 28, nameof(spec.ReservedAfterMiscSelect)).CopyTo(report, 20);
        Sized(spec.Attributes, 16, nameof(spec.Attributes)).CopyTo(report, 48);
        Sized(spec.MrEnclave, 32, nameof(spec.MrEnclave)).CopyTo(report, 64);
        Sized(spec.ReservedAfterMrEnclave, 32, nameof(spec.ReservedAfterMrEnclave)).CopyTo(report, 96);
        Sized(spec.MrSigner, 32, nameof(spec.MrSigner)).CopyTo(report, 128);
        Sized(spec.ReservedAfterMrSigner, 96, nameof(spec.ReservedAfterMrSigner)).CopyTo(report, 160);
        BinaryPrimitives.WriteUInt16LittleEndian(report.AsSpan(256), spec.IsvProdId);
        BinaryPrimitives.WriteUInt16LittleEndian(report.AsSpan(258), spec.IsvSvn);
        Sized(spec.ReservedAfterIsvSvn, 60, nameof(spec.ReservedAfterIsvSvn)).CopyTo(report, 260);
        if (spec.ReportData is { } reportData)
        {
            Sized(reportData, 64, nameof(spec.ReportData)).CopyTo(report, 320);
        }
        else
        {
            SHA256.HashData([.. shownKey, .. spec.AuthenticationData], report.AsSpan(320));
        }

        return report;
    }

    // Types 1 to 3: PPID in the clear, or encrypted to a key that only Intel's service has, which random bytes look like.
    private byte[] CertificationData(QuoteSpec spec)
    {
        byte[] tail = [.. spec.Pck.CpuSvn ?? spec.Pck.TcbComponents, .. Little16(spec.Pck.PceSvn), .. spec.Pck.PceId];
        return spec.InnerCertificationType switch
        {
            1 => [.. intel.Ppid(spec.Pck), .. tail],
            2 => [.. RandomNumberGenerator.GetBytes(256), .. tail],
            3 => [.. RandomNumberGenerator.GetBytes(384), .. tail],
            4 => Text(Pem([Certificate(spec.Pck).RawData]), spec),
            _ => Text(Chain(spec), spec),
        };
    }

    private string Chain(QuoteSpec spec)
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
        return Pem(spec.ArrangeChain?.Invoke(chain) ?? chain);
    }

    private static byte[] Text(string pem, QuoteSpec spec) => Encoding.ASCII.GetBytes(spec.PemEndsInNul ? pem + "\0" : pem);

    private static string Pem(IEnumerable<byte[]> certificates)
    {
        StringBuilder pem = new(4096);
        foreach (byte[] certificate in certificates)
        {
            pem.Append(PemEncoding.WriteString("CERTIFICATE", certificate)).Append('\n');
        }

        return pem.ToString();
    }

    private byte[] Sign(ECDsa key, byte[] data, SignatureFault fault, bool wide)
    {
        HashAlgorithmName hash = wide ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        if (fault == SignatureFault.ForeignKey)
        {
            using var foreign = ECDsa.Create(wide ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
            return foreign.SignData(data, hash);
        }

        byte[] signature;
        lock (gate)
        {
            signature = key.SignData(data, hash);
        }

        signature[0] ^= (byte)(fault == SignatureFault.BitFlipped ? 1 : 0);
        return signature;
    }

    private static byte[] PublicPoint(ECDsa key)
    {
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        return [.. point.X!, .. point.Y!];
    }

    private static byte[] Little16(ushort value) => [(byte)value, (byte)(value >> 8)];

    private static byte[] Little32(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Sized(byte[] value, int length, string name) => value.Length == length
        ? value
        : throw new ArgumentException($"{name} has {value.Length} bytes instead of {length}", name);
}
