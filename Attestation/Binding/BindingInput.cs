using System.Formats.Cbor;
using System.Security.Cryptography;

namespace Verathos.Attestation.Binding;

/// <summary>
/// What a quote's report data binds: SHA-384 over the deterministic CBOR array
/// ["verathos.binding.v1", nonce root, keyset digest, manifest root, GPU evidence digest or null, configuration digest,
/// [genesis hash, network uid, hotkey] or null].
/// </summary>
public sealed record BindingInput
{
    /// <summary>The first element of the array.</summary>
    public const string Label = "verathos.binding.v1";

    /// <summary>Length of the binding in bytes.</summary>
    public const int Length = 48;

    /// <summary>Length of a report data field in bytes.</summary>
    public const int ReportDataLength = 64;

    /// <summary>Root of the nonce batch, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> NonceRoot { get; init; }

    /// <summary>SHA-256 of the keyset's bytes.</summary>
    public required ReadOnlyMemory<byte> KeysetDigest { get; init; }

    /// <summary>Merkle root of the model manifest, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ManifestRoot { get; init; }

    /// <summary><see cref="Binding.GpuEvidenceDigest"/> of all GPUs; null, which is encoded, where the node has none.</summary>
    public required ReadOnlyMemory<byte>? GpuEvidenceDigest { get; init; }

    /// <summary>SHA-256 of the configuration map's bytes.</summary>
    public required ReadOnlyMemory<byte> ConfigurationDigest { get; init; }

    /// <summary>The subnet identity; null, which is encoded, where there is none.</summary>
    public required NodeIdentity? Identity { get; init; }

    /// <summary>The 48-byte binding.</summary>
    /// <exception cref="ArgumentException">A digest is not 32 bytes long.</exception>
    public byte[] Compute()
    {
        CborWriter writer = new(CborConformanceMode.Strict);
        writer.WriteStartArray(7);
        writer.WriteTextString(Label);
        Write32(writer, NonceRoot, nameof(NonceRoot));
        Write32(writer, KeysetDigest, nameof(KeysetDigest));
        Write32(writer, ManifestRoot, nameof(ManifestRoot));
        if (GpuEvidenceDigest is { } gpus)
        {
            Write32(writer, gpus, nameof(GpuEvidenceDigest));
        }
        else
        {
            writer.WriteNull();
        }

        Write32(writer, ConfigurationDigest, nameof(ConfigurationDigest));
        if (Identity is { } identity)
        {
            writer.WriteStartArray(3);
            Write32(writer, identity.GenesisHash, nameof(NodeIdentity.GenesisHash));
            writer.WriteUInt32(identity.NetworkUid);
            Write32(writer, identity.Hotkey, nameof(NodeIdentity.Hotkey));
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteNull();
        }

        writer.WriteEndArray();
        return SHA384.HashData(writer.Encode());
    }

    /// <summary>The 64 bytes of a TDX, SGX or SNP report data field: the binding and 16 zero bytes.</summary>
    /// <exception cref="ArgumentException">A digest is not 32 bytes long.</exception>
    public byte[] ToReportData()
    {
        byte[] reportData = new byte[ReportDataLength];
        Compute().CopyTo(reportData, 0);
        return reportData;
    }

    private static void Write32(CborWriter writer, ReadOnlyMemory<byte> value, string name)
    {
        if (value.Length != 32)
        {
            throw new ArgumentException($"{name} is {value.Length} bytes long, not 32");
        }

        writer.WriteByteString(value.Span);
    }
}
