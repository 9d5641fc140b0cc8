using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Manifest;

/// <summary>
/// Computes a model's manifest. Each part is cut into leaves of 1 MiB; a leaf's data is the deterministic CBOR array
/// [kind, name, dtype, [dimension, ...], length of the part in bytes, index of the leaf] followed by the leaf's bytes, so that no
/// byte can move between parts. Parts are ordered by kind, then by the UTF-8 bytes of their names.
/// </summary>
public sealed class ManifestBuilder
{
    /// <summary>Bytes of a part that one leaf covers: 1 MiB.</summary>
    public const int LeafSize = 1 << 20;

    private readonly List<Part> _parts = [];
    private readonly HashSet<(ManifestPart, string)> _names = [];

    /// <summary>Adds a part. The memory is read when <see cref="Build"/> runs and must not change afterwards.</summary>
    /// <param name="kind">What the part is.</param>
    /// <param name="name">Unique among its kind.</param>
    /// <param name="dtype">The element type as the file names it ("F32", "BF16", "Q8_0"); "bytes" for a file.</param>
    /// <param name="shape">Dimensions in the file's order; empty for a file.</param>
    /// <param name="bytes">The bytes as the file holds them.</param>
    /// <exception cref="ArgumentException">The name was added before.</exception>
    public void Add(ManifestPart kind, string name, string dtype, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(dtype);
        if (!_names.Add((kind, name)))
        {
            throw new ArgumentException($"the model names '{name}' twice", nameof(name));
        }

        _parts.Add(new Part(kind, name, Encoding.UTF8.GetBytes(name), dtype, shape.ToArray(), bytes));
    }

    /// <summary>Hashes every part on all cores.</summary>
    /// <param name="name">The name that the manifest carries.</param>
    /// <param name="hashed">Called with the number of bytes of each finished leaf, from any thread.</param>
    /// <param name="cancellationToken">Stops between leaves.</param>
    public ModelManifest Build(string name, Action<int>? hashed = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        Part[] ordered = [.. _parts];
        Array.Sort(ordered, static (a, b) => a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : a.NameUtf8.AsSpan().SequenceCompareTo(b.NameUtf8));
        List<(Part Part, int Index)> leaves = [];
        foreach (Part part in ordered)
        {
            int count = Math.Max(1, checked((int)(((long)part.Bytes.Length + LeafSize - 1) / LeafSize)));
            for (int index = 0; index < count; index++)
            {
                leaves.Add((part, index));
            }
        }

        byte[][] hashes = new byte[leaves.Count][];
        Parallel.For(0, leaves.Count, new ParallelOptions { CancellationToken = cancellationToken }, i =>
        {
            (Part part, int index) = leaves[i];
            ReadOnlyMemory<byte> leaf = part.Bytes.Slice(index * LeafSize, Math.Min(LeafSize, part.Bytes.Length - (index * LeafSize)));
            hashes[i] = HashLeaf(part, index, leaf.Span);
            hashed?.Invoke(leaf.Length);
        });
        return new ModelManifest(name, MerkleTree.Root(hashes), ordered.Count(p => p.Kind == ManifestPart.Tensor), ordered.Sum(p => (long)p.Bytes.Length), leaves.Count);
    }

    private static byte[] HashLeaf(Part part, int index, ReadOnlySpan<byte> bytes)
    {
        CborWriter header = new(CborConformanceMode.Strict);
        header.WriteStartArray(6);
        header.WriteInt32((int)part.Kind);
        header.WriteTextString(part.Name);
        header.WriteTextString(part.Dtype);
        header.WriteStartArray(part.Shape.Length);
        foreach (long dimension in part.Shape)
        {
            header.WriteInt64(dimension);
        }

        header.WriteEndArray();
        header.WriteInt64(part.Bytes.Length);
        header.WriteInt32(index);
        header.WriteEndArray();
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([0]);
        hash.AppendData(header.Encode());
        hash.AppendData(bytes);
        return hash.GetHashAndReset();
    }

    private sealed record Part(ManifestPart Kind, string Name, byte[] NameUtf8, string Dtype, long[] Shape, ReadOnlyMemory<byte> Bytes);
}
