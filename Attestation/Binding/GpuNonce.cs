using System.Formats.Cbor;
using System.Security.Cryptography;

namespace Verathos.Attestation.Binding;

/// <summary>The nonce that a node asks its GPUs to sign.</summary>
public static class GpuNonce
{
    /// <summary>The first element of the array that is hashed.</summary>
    public const string Label = "verathos.gpu-nonce.v1";

    /// <summary>SHA-256 of the deterministic CBOR array [<see cref="Label"/>, nonce root, keyset digest].</summary>
    /// <param name="nonceRoot">Root of the nonce batch, 32 bytes.</param>
    /// <param name="keysetDigest">SHA-256 of the keyset's bytes.</param>
    /// <exception cref="ArgumentException">An argument is not 32 bytes long.</exception>
    public static byte[] Derive(ReadOnlySpan<byte> nonceRoot, ReadOnlySpan<byte> keysetDigest)
    {
        if (nonceRoot.Length != 32 || keysetDigest.Length != 32)
        {
            throw new ArgumentException("the nonce root and the keyset digest are 32 bytes each");
        }

        CborWriter writer = new(CborConformanceMode.Strict);
        writer.WriteStartArray(3);
        writer.WriteTextString(Label);
        writer.WriteByteString(nonceRoot);
        writer.WriteByteString(keysetDigest);
        writer.WriteEndArray();
        return SHA256.HashData(writer.Encode());
    }
}
