using System.Formats.Cbor;
using System.Security.Cryptography;

namespace Verathos.Attestation.Binding;

/// <summary>SHA-256 of the deterministic CBOR array of [report, certificate chain], one entry a GPU, in the order of the evidence.</summary>
public static class GpuEvidenceDigest
{
    /// <summary>The 32-byte digest, or null for a node without GPUs.</summary>
    public static ReadOnlyMemory<byte>? Compute(IReadOnlyList<GpuEvidence> gpus)
    {
        ArgumentNullException.ThrowIfNull(gpus);
        if (gpus.Count == 0)
        {
            return null;
        }

        CborWriter writer = new(CborConformanceMode.Strict);
        writer.WriteStartArray(gpus.Count);
        foreach (GpuEvidence gpu in gpus)
        {
            writer.WriteStartArray(2);
            writer.WriteByteString(gpu.Report.Span);
            writer.WriteByteString(gpu.CertificateChain.Span);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        return SHA256.HashData(writer.Encode());
    }
}
