using System.Security.Cryptography;

namespace Verathos.Attestation.Binding;

/// <summary>An RFC 9162 section 2.1.3 inclusion proof of a nonce in a <see cref="NonceBatch"/>.</summary>
/// <param name="LeafIndex">Position of the nonce, from 0.</param>
/// <param name="TreeSize">Number of nonces in the batch.</param>
/// <param name="Path">Sibling hashes from the leaf upwards, 32 bytes each.</param>
public sealed record NonceProof(long LeafIndex, long TreeSize, IReadOnlyList<ReadOnlyMemory<byte>> Path)
{
    /// <summary>The proof of a nonce that is alone in its batch.</summary>
    public static NonceProof Alone { get; } = new(0, 1, []);

    /// <summary>
    /// The root that this proof leads to from the nonce (RFC 9162 section 2.1.3.2). False where index, size and path do not
    /// belong together; a wrong nonce gives another root.
    /// </summary>
    public bool TryComputeRoot(ReadOnlySpan<byte> nonce, out byte[] root)
    {
        root = [];
        if (nonce.Length != NonceBatch.NonceLength || LeafIndex < 0 || TreeSize < 1 || TreeSize > NonceBatch.MaximumSize
            || LeafIndex >= TreeSize || Path is null || Path.Count > 63)
        {
            return false;
        }

        byte[] hash = NonceBatch.LeafHash(nonce);
        long index = LeafIndex;
        long last = TreeSize - 1;
        foreach (ReadOnlyMemory<byte> sibling in Path)
        {
            if (sibling.Length != SHA256.HashSizeInBytes || last == 0)
            {
                return false;
            }

            if ((index & 1) == 1 || index == last)
            {
                hash = NonceBatch.NodeHash(sibling.Span, hash);
                while ((index & 1) == 0 && index != 0)
                {
                    index >>= 1;
                    last >>= 1;
                }
            }
            else
            {
                hash = NonceBatch.NodeHash(hash, sibling.Span);
            }

            index >>= 1;
            last >>= 1;
        }

        if (last != 0)
        {
            return false;
        }

        root = hash;
        return true;
    }
}
