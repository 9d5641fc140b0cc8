using System.Security.Cryptography;
using CsCheck;
using Verathos.Training.Records;
using Verathos.Training.Shards;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Records;

public sealed class ShardAndRootTests
{
    private static readonly byte[] Beacon = SHA256.HashData("a beacon"u8);
    private static readonly byte[][] Digests = [.. Enumerable.Range(0, 60).Select(i => SHA256.HashData(BitConverter.GetBytes(i)))];

    [Fact]
    public void An_assignment_has_each_document_once() => Gen.Select(Gen.Int[1, 300], Gen.Int[0, 300], Gen.ULong).Sample(
        (total, count, round) =>
        {
            int[] documents = ShardAssignment.Documents(Beacon, Samples.Worker(1), round, total, Math.Min(count, total));
            Assert.Equal(Math.Min(count, total), documents.Distinct().Count(document => document >= 0 && document < total));
            Assert.Equal(documents, ShardAssignment.Documents(Beacon, Samples.Worker(1), round, total, Math.Min(count, total)));
        },
        iter: 100);

    [Fact]
    public void Beacon_worker_and_round_decide_it()
    {
        int[][] assignments =
        [
            ShardAssignment.Documents(Beacon, Samples.Worker(1), 1, 1000, 10),
            ShardAssignment.Documents(SHA256.HashData(Beacon), Samples.Worker(1), 1, 1000, 10),
            ShardAssignment.Documents(Beacon, Samples.Worker(2), 1, 1000, 10),
            ShardAssignment.Documents(Beacon, Samples.Worker(1), 2, 1000, 10),
        ];
        Assert.Equal(4, assignments.Select(a => string.Join(',', a)).Distinct().Count());
        Assert.Equal(assignments[0], ShardAssignment.Documents(Beacon, Samples.Worker(1), 1, 1000, 20)[..10]);
        Assert.Throws<ArgumentException>(() => ShardAssignment.Documents(Beacon.AsSpan(1), Samples.Worker(1), 1, 10, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ShardAssignment.Documents(Beacon, Samples.Worker(1), 1, 10, 11));
    }

    [Fact]
    public void Every_document_is_drawn_as_often_as_any_other()
    {
        int[] drawn = new int[20];
        for (ulong round = 0; round < 2000; round++)
        {
            foreach (int document in ShardAssignment.Documents(Beacon, Samples.Worker(1), round, 20, 5))
            {
                drawn[document]++;
            }
        }

        // 500 expected, deviation 19.4.
        Assert.All(drawn, count => Assert.InRange(count, 410, 590));
    }

    [Fact]
    public void The_shard_root_binds_all_that_it_is_of()
    {
        byte[][] changed = [.. Digests.Select(digest => SHA256.HashData(digest))];
        string[] roots =
        [
            .. new[]
            {
                ShardAssignment.Root(Beacon, Samples.Worker(1), 1, Digests, 5), ShardAssignment.Root(SHA256.HashData(Beacon), Samples.Worker(1), 1, Digests, 5),
                ShardAssignment.Root(Beacon, Samples.Worker(2), 1, Digests, 5), ShardAssignment.Root(Beacon, Samples.Worker(1), 2, Digests, 5),
                ShardAssignment.Root(Beacon, Samples.Worker(1), 1, Digests, 6), ShardAssignment.Root(Beacon, Samples.Worker(1), 1, changed, 5),
                ShardAssignment.Root(Beacon, Samples.Worker(1), 1, Digests[..59], 5),
            }.Select(Convert.ToHexString),
        ];
        Assert.Equal(7, roots.Distinct().Count());
        Assert.Throws<ArgumentException>(() => ShardAssignment.Root(Beacon, Samples.Worker(1), 1, [new byte[31]], 1));
    }

    [Fact]
    public void Held_out_documents_are_nobodys()
    {
        HashSet<int> assigned = [.. ShardAssignment.Documents(Beacon, Samples.Worker(1), 1, 60, 20)];
        int[] held = ShardAssignment.Unassigned(Beacon, 1, 60, 15, assigned);
        Assert.Equal(15, held.Distinct().Count());
        Assert.Empty(held.Intersect(assigned));
        Assert.NotEqual(held, ShardAssignment.Unassigned(Beacon, 2, 60, 15, assigned));
        Assert.NotEqual(held, ShardAssignment.Unassigned(SHA256.HashData(Beacon), 1, 60, 15, assigned));
        Assert.Throws<ArgumentOutOfRangeException>(() => ShardAssignment.Unassigned(Beacon, 1, 60, 41, assigned));
        Assert.Throws<ArgumentException>(() => ShardAssignment.Unassigned(Beacon.AsSpan(0, 15), 1, 60, 1, assigned));
    }

    [Fact]
    public void Roots_bind_label_name_length_and_every_byte()
    {
        byte[] bytes = new byte[TrainingRoots.PieceSize + 10];
        byte[] changed = [.. bytes];
        changed[^1] = 1;
        float[] rest = new float[bytes.Length / 4];
        string[] roots =
        [
            .. new[]
            {
                TrainingRoots.OfGradient(bytes), TrainingRoots.OfGradient(changed), TrainingRoots.OfGradient(bytes.AsSpan(1)), TrainingRoots.OfGradient([]),
                TrainingRoots.OfErrorFeedback(rest), TrainingRoots.OfOptimiser([("m", bytes)]), TrainingRoots.OfOptimiser([("v", bytes)]),
                TrainingRoots.OfOptimiser([("m", bytes), ("v", bytes)]), TrainingRoots.OfOptimiser([("v", bytes), ("m", bytes)]),
            }.Select(Convert.ToHexString),
        ];
        Assert.Equal(roots.Length, roots.Distinct().Count());
        Assert.Equal(2, TrainingRoots.Leaves(TrainingRoots.Gradient, string.Empty, bytes).Count);
        Assert.Single(TrainingRoots.Leaves(TrainingRoots.Gradient, string.Empty, bytes.AsSpan(10)));
    }

    [Fact]
    public void A_commitment_opens_for_its_worker_round_salt_and_record_alone()
    {
        byte[] salt = SHA256.HashData("salt"u8);
        byte[] record = [1, 2, 3];
        byte[] commitment = TrainingCommitment.Compute(Samples.Worker(1), 5, salt, record);
        Assert.True(TrainingCommitment.Opens(commitment, Samples.Worker(1), 5, salt, record));
        Assert.False(TrainingCommitment.Opens(commitment, Samples.Worker(2), 5, salt, record));
        Assert.False(TrainingCommitment.Opens(commitment, Samples.Worker(1), 6, salt, record));
        Assert.False(TrainingCommitment.Opens(commitment, Samples.Worker(1), 5, SHA256.HashData(salt), record));
        Assert.False(TrainingCommitment.Opens(commitment, Samples.Worker(1), 5, salt, [1, 2, 4]));
        Assert.False(TrainingCommitment.Opens(commitment, Samples.Worker(1), 5, salt.AsSpan(1), record));
        Assert.False(TrainingCommitment.Opens(commitment.AsSpan(1), Samples.Worker(1), 5, salt, record));
        Assert.Throws<ArgumentException>(() => TrainingCommitment.Compute(Samples.Worker(1), 5, salt.AsSpan(1), record));
    }
}
