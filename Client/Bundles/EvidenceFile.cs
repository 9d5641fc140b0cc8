using System.Buffers.Binary;
using Verathos.Protocol.Evidence;

namespace Verathos.Client.Bundles;

/// <summary>Tells files of evidence apart.</summary>
public static class EvidenceFile
{
    private const int SnpReportLength = 1184;

    /// <summary>What the bytes claim to be; whether they are is for their verifier to say.</summary>
    public static EvidenceFileKind Recognise(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        if (bytes.Length < 48)
            return EvidenceFileKind.Unknown;

        // SPDM 1.1 GET_MEASUREMENTS: version 0x11, code 0xE0.
        if (bytes[0] == 0x11 && bytes[1] == 0xE0)
            return EvidenceFileKind.GpuReport;

        // DCAP quote: u16 version, then u16 attestation key type, which is never 0 in a quote that is signed.
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        ushort keyType = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        if (version is >= 3 and <= 5 && keyType is 2 or 3)
            return EvidenceFileKind.Quote;

        // SEV-SNP report: u32 version and a fixed length.
        if (version is >= 2 and <= 5 && keyType == 0 && bytes.Length == SnpReportLength)
            return EvidenceFileKind.SnpReport;

        if (ProofBundle.TryDecode(file, out _, out _))
            return EvidenceFileKind.Bundle;

        return EvidenceCollection.TryDecode(file, out _, out _) ? EvidenceFileKind.Collection : EvidenceFileKind.Unknown;
    }
}
