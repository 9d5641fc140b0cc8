using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Verathos.Fingerprint.Merkle;
using Verathos.Protocol.Cbor;

namespace Verathos.Training.Shards;

/// <summary>
/// Which documents a worker trains on in a round. A public beacon's value that nobody knew before the round decides, together with the
/// worker's key, so that anybody can compute the assignment and nobody can choose it.
/// </summary>
public static class ShardAssignment
{
    /// <summary>Bytes of a beacon's value.</summary>
    public const int BeaconSize = 32;

    private const string Label = "verathos.shard.v1";

    /// <summary>The numbers of the documents, in the order in which they are trained on.</summary>
    /// <param name="beacon">The round's public value, 32 bytes.</param>
    /// <param name="worker">Whose.</param>
    /// <param name="round">The round.</param>
    /// <param name="total">Documents of the corpus.</param>
    /// <param name="count">Documents of a worker; not above the total.</param>
    public static int[] Documents(ReadOnlySpan<byte> beacon, WorkerKey worker, ulong round, int total, int count)
    {
        RequireBeacon(beacon);
        byte[] message = [.. Encoding.ASCII.GetBytes(Label), .. worker.Bytes, .. new byte[8]];
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(message.Length - 8), round);
        return DocumentDraw.Draw(beacon, message, total, count);
    }

    /// <summary>
    /// The root that a training record carries: the Merkle tree (RFC 9162) whose first leaf is the deterministic CBOR array
    /// ["verathos.shard.v1", beacon, worker, round, documents of the corpus, documents of the worker] and whose others are [number,
    /// SHA-256 of the document's bytes], in the order of the assignment.
    /// </summary>
    /// <param name="beacon">The round's public value, 32 bytes.</param>
    /// <param name="worker">Whose.</param>
    /// <param name="round">The round.</param>
    /// <param name="digests">SHA-256 of every document of the corpus.</param>
    /// <param name="count">Documents of a worker.</param>
    public static byte[] Root(ReadOnlySpan<byte> beacon, WorkerKey worker, ulong round, IReadOnlyList<byte[]> digests, int count)
    {
        ArgumentNullException.ThrowIfNull(digests);
        int[] documents = Documents(beacon, worker, round, digests.Count, count);
        List<byte[]> leaves =
        [
            MerkleTree.LeafHash(new DeterministicCborWriter().Array(6).Text(Label).Bytes(beacon).Bytes(worker.Bytes)
                .UInt64(round).UInt64((ulong)digests.Count).UInt64((ulong)count).ToArray()),
        ];
        foreach (int document in documents)
        {
            if (digests[document] is not { Length: SHA256.HashSizeInBytes })
            {
                throw new ArgumentException("a document's digest has 32 bytes", nameof(digests));
            }

            leaves.Add(MerkleTree.LeafHash(new DeterministicCborWriter().Array(2).UInt64((ulong)document).Bytes(digests[document]).ToArray()));
        }

        return MerkleTree.Root(leaves);
    }

    /// <summary>
    /// Documents that nobody was assigned in a round, drawn by a validator's secret: to compare a worker's own with, and for held-out
    /// losses.
    /// </summary>
    /// <param name="secret">At least 16 bytes that no worker knows.</param>
    /// <param name="round">The round.</param>
    /// <param name="total">Documents of the corpus.</param>
    /// <param name="count">How many; not above what is left.</param>
    /// <param name="assigned">The documents of all workers.</param>
    public static int[] Unassigned(ReadOnlySpan<byte> secret, ulong round, int total, int count, IReadOnlySet<int> assigned)
    {
        ArgumentNullException.ThrowIfNull(assigned);
        if (secret.Length < 16)
        {
            throw new ArgumentException("a secret has 16 bytes at least", nameof(secret));
        }

        int[] left = [.. Enumerable.Range(0, total).Where(document => !assigned.Contains(document))];
        byte[] message = [.. "verathos.held-out.v1"u8, .. new byte[8]];
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(message.Length - 8), round);
        return [.. DocumentDraw.Draw(secret, message, Math.Max(1, left.Length), count).Select(i => left[i])];
    }

    private static void RequireBeacon(ReadOnlySpan<byte> beacon)
    {
        if (beacon.Length != BeaconSize)
        {
            throw new ArgumentException($"a beacon's value has {BeaconSize} bytes", nameof(beacon));
        }
    }
}
