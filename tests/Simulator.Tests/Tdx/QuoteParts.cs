using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Verathos.Simulator.Tests.Tdx;

/// <summary>A version 4 TDX quote taken apart at the offsets of the specification, for real and minted quotes alike.</summary>
internal sealed class QuoteParts
{
    public QuoteParts(byte[] quote)
    {
        Quote = quote;
        Assert.Equal(4, BinaryPrimitives.ReadUInt16LittleEndian(quote));
        int length = BinaryPrimitives.ReadInt32LittleEndian(quote.AsSpan(632));
        byte[] data = quote[636..(636 + length)];
        Trailing = quote[(636 + length)..];
        Signature = data[..64];
        AttestationKey = data[64..128];
        OuterType = BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(128));
        int outer = BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(130));
        Assert.Equal(data.Length - 134, outer);
        QeReport = data[134..518];
        QeSignature = data[518..582];
        int auth = BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(582));
        AuthenticationData = data[584..(584 + auth)];
        InnerType = BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(584 + auth));
        int inner = BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(586 + auth));
        byte[] pem = data[(590 + auth)..];
        Assert.Equal(pem.Length, inner);
        Pem = Encoding.ASCII.GetString(pem);
        Certificates = Der.Pem(Pem);
    }

    public byte[] Quote { get; }

    public byte[] Signature { get; }

    public byte[] AttestationKey { get; }

    public ushort OuterType { get; }

    public byte[] QeReport { get; }

    public byte[] QeSignature { get; }

    public byte[] AuthenticationData { get; }

    public ushort InnerType { get; }

    public string Pem { get; }

    public X509Certificate2Collection Certificates { get; }

    public byte[] Trailing { get; }

    public X509Certificate2 Leaf => Certificates.Single(certificate => certificate.Subject.Contains("PCK Certificate", StringComparison.Ordinal));

    public bool SignatureHolds
    {
        get
        {
            using var key = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = AttestationKey[..32], Y = AttestationKey[32..] },
            });
            return key.VerifyData(Quote.AsSpan(0, 632), Signature, HashAlgorithmName.SHA256);
        }
    }

    public bool QeSignatureHolds
    {
        get
        {
            using ECDsa key = Leaf.GetECDsaPublicKey()!;
            return key.VerifyData(QeReport, QeSignature, HashAlgorithmName.SHA256);
        }
    }

    public bool QeReportDataHolds =>
        QeReport.AsSpan(320).SequenceEqual((byte[])[.. SHA256.HashData([.. AttestationKey, .. AuthenticationData]), .. new byte[32]]);
}
