using System.Buffers.Binary;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Dcap;

/// <summary>Certification data of the types 1 to 3: which PCK certified the quoting enclave, without its certificate.</summary>
/// <param name="Bytes">PPID (16 bytes clear, or 256 or 384 encrypted), CPUSVN 16, PCESVN 2, PCE identifier 2; little-endian.</param>
/// <param name="Type">The type.</param>
internal readonly record struct PckIdentity(ReadOnlyMemory<byte> Bytes, CertificationDataType Type)
{
    private int PpidLength => Bytes.Length - 20;

    public static int? LengthOf(CertificationDataType type) => type switch
    {
        CertificationDataType.PpidClear => 36,
        CertificationDataType.PpidRsa2048 => 276,
        CertificationDataType.PpidRsa3072 => 404,
        _ => null,
    };

    /// <summary>Why the certificate is not the one that the quote names; null where it is. An encrypted PPID says nothing here.</summary>
    public string? Differs(PckExtensions pck)
    {
        ReadOnlySpan<byte> tail = Bytes.Span[PpidLength..];
        if (Type == CertificationDataType.PpidClear && !Bytes.Span[..16].SequenceEqual(pck.Ppid.Span))
        {
            return "the PCK certificate is for another PPID than the quote names";
        }

        if (!tail[..16].SequenceEqual(pck.CpuSvn.Span))
        {
            return "the PCK certificate is for another CPUSVN than the quote names";
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(tail[16..]) != pck.PceSvn)
        {
            return "the PCK certificate is for another PCESVN than the quote names";
        }

        // The certificate has the identifier as an octet string, the quote as a number.
        return BinaryPrimitives.ReadUInt16LittleEndian(tail[18..]) == BinaryPrimitives.ReadUInt16LittleEndian(pck.PceId.Span)
            ? null
            : "the PCK certificate is for another PCE than the quote names";
    }
}
