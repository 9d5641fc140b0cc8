using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Protocol.Receipts;

/// <summary>
/// The hash chain over what was delivered: h_0 = HMAC-SHA256(receipt secret, "verathos.chain.v1" || request digest),
/// h_i = SHA-256(h_(i-1) || i in eight bytes, big-endian || SHA-256(chunk_i)). chunk_i is the plaintext of the i-th chunk of the
/// sealed response, from 1, all but the final one.
/// </summary>
public sealed class ChunkChain
{
    /// <summary>Bytes of a head.</summary>
    public const int HeadLength = 32;

    private readonly byte[] head;

    /// <summary>Starts the chain at h_0.</summary>
    /// <param name="receiptSecret">The 32-byte secret of this receipt.</param>
    /// <param name="requestDigest">SHA-256 of the encapsulated request.</param>
    public ChunkChain(ReadOnlySpan<byte> receiptSecret, ReadOnlySpan<byte> requestDigest)
    {
        head = HMACSHA256.HashData(receiptSecret, [.. "verathos.chain.v1"u8, .. requestDigest]);
    }

    /// <summary>Number of chunks so far.</summary>
    public ulong Count { get; private set; }

    /// <summary>h_Count, 32 bytes; the memory changes with the next chunk.</summary>
    public ReadOnlySpan<byte> Head => head;

    /// <summary>Adds the next chunk's plaintext.</summary>
    public void Append(ReadOnlySpan<byte> chunk)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(chunk, hash);
        AppendHash(hash);
    }

    /// <summary>Adds the next chunk by its SHA-256.</summary>
    public void AppendHash(ReadOnlySpan<byte> chunkHash)
    {
        Span<byte> input = stackalloc byte[HeadLength + 8 + 32];
        head.CopyTo(input);
        BinaryPrimitives.WriteUInt64BigEndian(input[HeadLength..], ++Count);
        chunkHash.CopyTo(input[(HeadLength + 8)..]);
        SHA256.HashData(input, head);
    }
}
