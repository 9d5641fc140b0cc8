using System.Buffers.Binary;
using Verathos.Training.Compression;
using Verathos.Training.Gate;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Gate;

public sealed class ContributionGateTests
{
    private const int Workers = 10;
    private const int Bad = Workers - 1;

    private static readonly GradientLayout Layout = new([new GradientTensor("a", 256, 128), new GradientTensor("b", 128, 128), new GradientTensor("norm", 1, 256)]);
    private static readonly byte[] Shard = [.. Enumerable.Repeat((byte)7, 32)];
    private static readonly float[] Signal = Samples.Gradient(Layout, 1000);
    private static readonly SparseVector Momentum = SparseVector.Dense([.. Signal.Select(value => (double)value)]);

    [Fact]
    public void Honest_contributions_pass()
    {
        for (int seed = 0; seed < 5; seed++)
        {
            IReadOnlyList<GateVerdict> verdicts = Judge(Honest(100 * seed));
            Assert.All(verdicts, verdict => Assert.Equal(GateOutcome.Accepted, verdict.Outcome));
            Assert.All(verdicts, verdict => Assert.NotNull(verdict.Gradient));
        }
    }

    [Theory]
    [InlineData(GateOutcome.Malformed)]
    [InlineData(GateOutcome.NotFinite)]
    [InlineData(GateOutcome.IndexOutOfBounds)]
    [InlineData(GateOutcome.IndexRepeated)]
    [InlineData(GateOutcome.ShardRoot)]
    public void A_wrong_form_or_shard_costs_its_owner_alone(GateOutcome outcome)
    {
        GateCandidate[] candidates = Honest(1);
        byte[] gradient = candidates[Bad].Gradient.ToArray();
        byte[] shard = [.. Shard];
        switch (outcome)
        {
            case GateOutcome.Malformed:
                gradient = gradient[..^1];
                break;
            case GateOutcome.NotFinite:
                BinaryPrimitives.WriteUInt16LittleEndian(gradient.AsSpan(CompressedGradient.HeaderSize + 2), 0x7fc0);
                break;
            case GateOutcome.IndexOutOfBounds:
                // The last chunk, the norm's, has 256 elements: 4 bytes of levels, four indices, four codes in 7 bytes.
                gradient.AsSpan(gradient.Length - 3, 2).Fill(0xff);
                break;
            case GateOutcome.IndexRepeated:
                gradient.AsSpan(CompressedGradient.HeaderSize + 4, 6).Clear();
                break;
            default:
                shard[31] ^= 1;
                break;
        }

        candidates[Bad] = candidates[Bad] with { Gradient = gradient, ShardRoot = shard };
        AssertOnlyLast(outcome, Judge(candidates));
    }

    [Fact]
    public void A_shard_root_that_is_no_root_is_refused()
    {
        GateCandidate[] candidates = Honest(1);
        candidates[Bad] = candidates[Bad] with { ShardRoot = default, AssignedShardRoot = default };
        AssertOnlyLast(GateOutcome.ShardRoot, Judge(candidates));
    }

    [Fact]
    public void Too_few_contributions_are_compared_with_nothing()
    {
        GateCandidate[] candidates = Honest(1)[..3];
        Assert.All(Judge(candidates), verdict => Assert.Equal(GateOutcome.TooFewPeers, verdict.Outcome));
        Assert.All(Judge(candidates, GatePolicy.Documented with { LeastContributions = 3 }), verdict => Assert.Equal(GateOutcome.Accepted, verdict.Outcome));
    }

    public static TheoryData<string, string> Lengths => new() { { "scaled", "the whole" }, { "tiny", "the whole" }, { "one tensor", "b" } };

    [Theory]
    [MemberData(nameof(Lengths))]
    public void A_norm_far_from_the_others_is_caught_by_nothing_else(string what, string detail)
    {
        GateCandidate[] candidates = Honest(2);
        float[] values = Worker(2, Bad);
        for (int i = 0; i < values.Length; i++)
        {
            // One tensor alone: larger there, smaller elsewhere, so that the whole is as long as before.
            bool isSecond = i >= Layout.Offset(1) && i < Layout.Offset(2);
            values[i] *= what switch { "scaled" => 3, "tiny" => 0.2f, _ => isSecond ? 1.6f : 0.6f };
        }

        candidates[Bad] = Candidate(Bad, values);
        IReadOnlyList<GateVerdict> verdicts = Judge(candidates);
        AssertOnlyLast(GateOutcome.Norm, verdicts);
        Assert.Equal(detail, verdicts[Bad].Detail);
        Assert.All(Judge(candidates, GatePolicy.Documented with { NormFloor = 10 }), verdict => Assert.True(verdict.IsAccepted));
    }

    [Fact]
    public void A_turned_sign_is_caught_by_nothing_else()
    {
        GateCandidate[] candidates = Honest(3);
        candidates[Bad] = Candidate(Bad, [.. Worker(3, Bad).Select(value => -value)]);
        AssertOnlyLast(GateOutcome.AgainstMomentum, Judge(candidates));
        Assert.All(Judge(candidates, GatePolicy.Documented with { LeastMomentumCosine = -1 }), verdict => Assert.True(verdict.IsAccepted));
        Assert.All(ContributionGate.Judge(candidates, Layout, null, GatePolicy.Documented, Knows), verdict => Assert.True(verdict.IsAccepted));
    }

    [Theory]
    [InlineData(0.0, 1)]
    [InlineData(0.4, 1)]
    [InlineData(0.6, 1)]
    [InlineData(0.6, 1.1)]
    [InlineData(0.65, 0.9)]
    public void A_copy_is_caught_by_its_values_even_where_60_percent_of_its_indices_were_changed(double changed, double scale)
    {
        GateCandidate[] candidates = Honest(4);
        candidates[Bad] = Copy(candidates[2], changed, scale);

        // Indices alone would let it go: only the likeness of values is left to catch it.
        GatePolicy valuesOnly = GatePolicy.Documented with { PairIndexFloor = 1 };
        AssertOnlyLast(GateOutcome.PeerValues, Judge(candidates, valuesOnly));
        Assert.Equal(Samples.Worker(2).ToString(), Judge(candidates, valuesOnly)[Bad].Detail);
        GatePolicy indicesOnly = GatePolicy.Documented with { PairCosineFloor = 1, MostEqualValues = 1 };
        Assert.Equal(changed >= 0.6, Judge(candidates, indicesOnly)[Bad].IsAccepted);
    }

    [Fact]
    public void Equal_values_give_a_copy_away_where_honest_contributions_are_as_close()
    {
        // The workers agree so well that the cosine of a copy of 40 % is nothing special.
        GateCandidate[] candidates = [.. Enumerable.Range(0, Workers).Select(i => Candidate(i, Worker(5, i, 0.5)))];
        candidates[Bad] = Copy(candidates[2], 0.6, 1);
        AssertOnlyLast(GateOutcome.PeerValues, Judge(candidates));
        Assert.True(Judge(candidates, GatePolicy.Documented with { MostEqualValues = 1 })[Bad].IsAccepted);
    }

    [Fact]
    public void Honest_workers_who_agree_pass_beside_forty_percent_that_send_noise()
    {
        // Of the 45 pairs 15 are of two honest ones: the noise is the rule among pairs, and must not become the measure.
        GateCandidate[] candidates = [.. Enumerable.Range(0, Workers).Select(i => Candidate(i, i < 6 ? Worker(9, i, 0.5) : Samples.Gradient(Layout, 77 + i, 0.011)))];
        IReadOnlyList<GateVerdict> verdicts = Judge(candidates, GatePolicy.Documented with { LeastMomentumCosine = -1 });
        Assert.All(verdicts.Take(6), verdict => Assert.Equal((GateOutcome.Accepted, null), (verdict.Outcome, verdict.Detail)));
    }

    [Fact]
    public void Copied_indices_with_other_values_are_caught_by_nothing_else()
    {
        GateCandidate[] candidates = Honest(6);
        Random random = new(6);
        Assert.True(CompressedGradient.TryParse(candidates[2].Gradient.Span, Layout, out CompressedGradient? stolen, out _));
        float[] own = Worker(6, Bad);
        float[] values = new float[Layout.Count];
        for (int i = 0; i < stolen.Vector.Count; i++)
        {
            values[stolen.Vector.Indices[i]] = (float)(Math.Abs(stolen.Vector.Values[i]) * (0.7 + (0.6 * random.NextDouble())) * (random.Next(3) == 0 ? Math.Sign(stolen.Vector.Values[i]) : random.Next(2) == 0 ? 1 : -1));
        }

        candidates[Bad] = Candidate(Bad, values);
        AssertOnlyLast(GateOutcome.PeerIndices, Judge(candidates, GatePolicy.Documented with { PairCosineFloor = 0.6 }));
        Assert.Equal(own.Length, values.Length);
        Assert.True(Judge(candidates, GatePolicy.Documented with { PairCosineFloor = 0.6, PairIndexFloor = 1 })[Bad].IsAccepted);
    }

    [Fact]
    public void Of_two_that_are_alike_the_author_is_the_one_whose_documents_both_know()
    {
        GateCandidate[] candidates = Honest(7);
        candidates[Bad] = Copy(candidates[2], 0, 1);
        (WorkerKey third, WorkerKey last) = (Samples.Worker(2), Samples.Worker(Bad));
        Assert.Equal((GateOutcome.PeerValues, GateOutcome.Accepted), Outcomes((_, documents) => documents == last ? 1 : 0));
        Assert.Equal((GateOutcome.Accepted, GateOutcome.PeerValues), Outcomes((_, documents) => documents == third ? 1 : 0));

        // One of the two stays where nothing tells them apart.
        Assert.Equal((GateOutcome.Accepted, GateOutcome.PeerValues), Outcomes((_, _) => 1));
        Assert.Equal((GateOutcome.Accepted, GateOutcome.PeerValues), Outcomes((_, _) => double.NaN));

        (GateOutcome Third, GateOutcome Last) Outcomes(DocumentKnowledge knowledge)
        {
            IReadOnlyList<GateVerdict> verdicts = ContributionGate.Judge(candidates, Layout, Momentum, GatePolicy.Documented, knowledge);
            return (verdicts[2].Outcome, verdicts[Bad].Outcome);
        }
    }

    [Fact]
    public void Knowledge_is_asked_for_only_of_those_that_are_alike()
    {
        GateCandidate[] candidates = Honest(7);
        DocumentKnowledge none = (_, _) => throw new InvalidOperationException("nobody is alike");
        Assert.All(ContributionGate.Judge(candidates, Layout, Momentum, GatePolicy.Documented, none), verdict => Assert.True(verdict.IsAccepted));
        candidates[Bad] = Copy(candidates[2], 0, 1);
        Assert.Throws<InvalidOperationException>(() => ContributionGate.Judge(candidates, Layout, Momentum, GatePolicy.Documented, none));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(3)]
    public void Steps_of_equal_length_everywhere_as_after_an_optimisers_first_ones_are_no_copies_of_one_another(double noise)
    {
        // Two bits of steps that are equally long hold one level, and all of what is kept lies at the same places.
        GateCandidate[] candidates = [.. Enumerable.Range(0, Workers).Select(i => Candidate(i, [.. Worker(11, i, noise).Select(value => 0.01f * Math.Sign(value))]))];
        Assert.All(Judge(candidates), verdict => Assert.Equal((GateOutcome.Accepted, null), (verdict.Outcome, verdict.Detail)));
        candidates[Bad] = candidates[2] with { Worker = Samples.Worker(Bad) };
        AssertOnlyLast(GateOutcome.PeerValues, Judge(candidates));
    }

    [Fact]
    public void Neither_the_order_of_candidates_nor_a_second_look_changes_a_verdict()
    {
        GateCandidate[] candidates = Honest(8);
        candidates[3] = Copy(candidates[2], 0.3, 1) with { Worker = Samples.Worker(3) };
        IReadOnlyList<GateVerdict> verdicts = Judge(candidates);
        Array.Reverse(candidates);
        Assert.Equal(verdicts.Select(v => (v.Worker, v.Outcome, v.Detail)), Judge(candidates).Select(v => (v.Worker, v.Outcome, v.Detail)));
    }

    [Fact]
    public void The_default_of_an_outcome_is_not_accepted()
    {
        Assert.NotEqual(GateOutcome.Accepted, default);
        Assert.False(new GateVerdict(default, default, null, null).IsAccepted);
    }

    [Fact]
    public void Misuse_throws()
    {
        GateCandidate[] candidates = Honest(9);
        Assert.Throws<ArgumentException>(() => Judge([.. candidates, candidates[0]]));
        Assert.Throws<ArgumentException>(() => Judge(candidates, GatePolicy.Documented with { LeastContributions = 2 }));
        Assert.Throws<ArgumentException>(() => Judge(candidates, GatePolicy.Documented with { NormDeviations = double.NaN }));
        Assert.Throws<ArgumentException>(() => Judge(candidates, GatePolicy.Documented with { LeastMomentumCosine = -2 }));
    }

    private static IReadOnlyList<GateVerdict> Judge(GateCandidate[] candidates, GatePolicy? policy = null) =>
        ContributionGate.Judge(candidates, Layout, Momentum, policy ?? GatePolicy.Documented, Knows);

    // The last one's documents are known to nobody.
    private static double Knows(SparseVector gradient, WorkerKey documents) => documents == Samples.Worker(Bad) ? 0 : 1;

    private static void AssertOnlyLast(GateOutcome outcome, IReadOnlyList<GateVerdict> verdicts)
    {
        Assert.Equal(outcome, verdicts[Bad].Outcome);
        Assert.Null(verdicts[Bad].Gradient);
        Assert.All(verdicts.Take(Bad), verdict => Assert.Equal((GateOutcome.Accepted, null), (verdict.Outcome, verdict.Detail)));
    }

    private static GateCandidate[] Honest(int seed) => [.. Enumerable.Range(0, Workers).Select(i => Candidate(i, Worker(seed, i)))];

    // What all workers share, and three times as much of each one's own.
    private static float[] Worker(int seed, int worker, double noise = 3)
    {
        float[] own = Samples.Gradient(Layout, (1000 * (seed + 1)) + worker, 0.01 * noise);
        for (int i = 0; i < own.Length; i++)
        {
            own[i] += Signal[i];
        }

        return own;
    }

    private static GateCandidate Candidate(int worker, float[] gradient) => new()
    {
        Worker = Samples.Worker(worker),
        Gradient = CompressedGradient.Encode(Layout, gradient, GradientBits.Two),
        ShardRoot = Shard,
        AssignedShardRoot = Shard,
    };

    // Moves a share of the kept elements to other places of their chunk, and keeps every value.
    private static GateCandidate Copy(GateCandidate of, double changed, double scale)
    {
        Assert.True(CompressedGradient.TryParse(of.Gradient.Span, Layout, out CompressedGradient? gradient, out _));
        Random random = new(99);
        double[] source = gradient.Vector.ToDense();
        float[] values = new float[Layout.Count];
        int[] coordinates = new int[GradientLayout.ChunkSize];
        for (int chunk = 0; chunk < Layout.ChunkCount; chunk++)
        {
            int length = Layout.Coordinates(chunk, coordinates);
            foreach (int coordinate in coordinates[..length].Where(c => source[c] != 0))
            {
                int place = coordinate;
                if (random.NextDouble() < changed)
                {
                    do
                    {
                        place = coordinates[random.Next(length)];
                    }
                    while (source[place] != 0 || values[place] != 0);
                }

                values[place] = (float)(source[coordinate] * scale);
            }
        }

        return Candidate(Bad, values);
    }
}
