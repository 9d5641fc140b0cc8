using System.Security.Cryptography;
using Verathos.Fingerprint.Hashing;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Trace;

/// <summary>
/// The commitment to a sequence's computation, step by step. What is committed is hashed pass by pass in a <see cref="TraceBlock"/>,
/// with other sequences' or alone, and does not depend on how the positions were cut into passes.
/// </summary>
public sealed class TraceCommitment : IDisposable
{
    private const int Size = TraceHash.Size;
    private readonly MerkleFrontier _frontier = new();
    private readonly List<byte[]> _stepHashes = [];

    /// <summary>An empty commitment.</summary>
    /// <param name="shape">The model's.</param>
    /// <param name="secret">32 bytes, the receipt's; copied.</param>
    public TraceCommitment(TraceShape shape, ReadOnlySpan<byte> secret)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (!shape.IsValid)
        {
            throw new ArgumentException("no model has this shape", nameof(shape));
        }

        Shape = shape;
        Salts = new TraceSalts(secret);
        Chains = GC.AllocateArray<byte>(shape.Layers * shape.KvHeads * Size, pinned: true);
        Salts.Write(TraceSalts.ChainPosition, Chains);
    }

    /// <summary>The model's shape.</summary>
    public TraceShape Shape { get; }

    /// <summary>Completed steps.</summary>
    public long Steps => _stepHashes.Count;

    /// <summary>The completed steps' hashes, in order; they are what inclusion proofs are made of.</summary>
    public IReadOnlyList<byte[]> StepHashes => _stepHashes;

    /// <summary>The leaves' salts.</summary>
    internal TraceSalts Salts { get; }

    /// <summary>The last links, 32 bytes for each head of each layer.</summary>
    internal byte[] Chains { get; }

    /// <summary>Steps that a block has begun and not completed.</summary>
    internal int Begun { get; private set; }

    /// <summary>Writes the commitment over all completed steps.</summary>
    /// <param name="destination">32 bytes.</param>
    /// <exception cref="InvalidOperationException">There is no step.</exception>
    public void WriteRoot(Span<byte> destination)
    {
        Span<byte> tree = stackalloc byte[Size];
        _frontier.WriteRoot(tree);
        TraceHash.Root(Shape, Steps, tree, destination);
    }

    /// <summary>Overwrites everything that tells of the activations or keys the leaves.</summary>
    public void Dispose()
    {
        Salts.Dispose();
        CryptographicOperations.ZeroMemory(Chains);
    }

    /// <summary>Begins the next steps.</summary>
    /// <exception cref="InvalidOperationException">Steps begun before are not complete.</exception>
    internal void Begin(int steps)
    {
        if (Begun > 0)
        {
            throw new InvalidOperationException($"{Begun} steps of the pass before are not complete");
        }

        Begun = steps;
    }

    /// <summary>Appends the steps begun.</summary>
    /// <param name="hashes">32 bytes for each; overwritten.</param>
    internal void Complete(Span<byte> hashes)
    {
        for (int at = 0; at < hashes.Length; at += Size)
        {
            _stepHashes.Add(hashes.Slice(at, Size).ToArray());
        }

        _frontier.AppendAll(hashes);
        Begun = 0;
    }
}
