using System.Security.Cryptography;

namespace Verathos.Attestation.Binding;

/// <summary>
/// The nonces that one quote answers, as an RFC 9162 section 2.1 Merkle tree over SHA-256. A batch of one is a tree of one leaf.
/// </summary>
public sealed class NonceBatch
{
    /// <summary>Length of a client's nonce in bytes.</summary>
    public const int NonceLength = 32;

    /// <summary>The largest batch that a verifier accepts.</summary>
    public const int MaximumSize = 1 << 20;

    private readonly byte[][] _leaves;

    private NonceBatch(byte[][] leaves)
    {
        _leaves = leaves;
        Root = Hash(leaves);
    }

    /// <summary>The tree's root, 32 bytes.</summary>
    public byte[] Root { get; }

    /// <summary>Number of nonces.</summary>
    public int Count => _leaves.Length;

    /// <summary>Builds the tree over nonces in the given order.</summary>
    /// <exception cref="ArgumentException">No nonce, too many, or one that is not 32 bytes long.</exception>
    public static NonceBatch Build(IReadOnlyList<ReadOnlyMemory<byte>> nonces)
    {
        ArgumentNullException.ThrowIfNull(nonces);
        if (nonces.Count is 0 or > MaximumSize)
        {
            throw new ArgumentException($"a batch holds 1 to {MaximumSize} nonces, not {nonces.Count}");
        }

        byte[][] leaves = new byte[nonces.Count][];
        for (int i = 0; i < leaves.Length; i++)
        {
            if (nonces[i].Length != NonceLength)
            {
                throw new ArgumentException($"nonce {i} is {nonces[i].Length} bytes long, not {NonceLength}");
            }

            leaves[i] = LeafHash(nonces[i].Span);
        }

        return new NonceBatch(leaves);
    }

    /// <summary>The inclusion proof of the nonce at an index (RFC 9162 section 2.1.3.1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside the batch.</exception>
    public NonceProof Prove(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _leaves.Length);
        List<ReadOnlyMemory<byte>> path = [];
        AppendPath(_leaves, index, path);
        return new NonceProof(index, _leaves.Length, path);
    }

    /// <summary>True where the proof leads from the nonce to the root.</summary>
    public static bool Verify(ReadOnlySpan<byte> nonce, NonceProof proof, ReadOnlySpan<byte> root)
    {
        ArgumentNullException.ThrowIfNull(proof);
        return proof.TryComputeRoot(nonce, out byte[] computed) && CryptographicOperations.FixedTimeEquals(computed, root);
    }

    internal static byte[] LeafHash(ReadOnlySpan<byte> nonce)
    {
        Span<byte> input = stackalloc byte[1 + NonceLength];
        input[0] = 0;
        nonce.CopyTo(input[1..]);
        return SHA256.HashData(input);
    }

    internal static byte[] NodeHash(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> input = stackalloc byte[1 + (2 * SHA256.HashSizeInBytes)];
        input[0] = 1;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + SHA256.HashSizeInBytes)..]);
        return SHA256.HashData(input);
    }

    private static byte[] Hash(ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length == 1)
        {
            return leaves[0];
        }

        int split = SplitPoint(leaves.Length);
        return NodeHash(Hash(leaves[..split]), Hash(leaves[split..]));
    }

    private static void AppendPath(ReadOnlySpan<byte[]> leaves, int index, List<ReadOnlyMemory<byte>> path)
    {
        if (leaves.Length == 1)
        {
            return;
        }

        int split = SplitPoint(leaves.Length);
        if (index < split)
        {
            AppendPath(leaves[..split], index, path);
            path.Add(Hash(leaves[split..]));
        }
        else
        {
            AppendPath(leaves[split..], index - split, path);
            path.Add(Hash(leaves[..split]));
        }
    }

    /// <summary>The largest power of two below a count of at least two.</summary>
    private static int SplitPoint(int count) => 1 << (31 - int.LeadingZeroCount(count - 1));
}
