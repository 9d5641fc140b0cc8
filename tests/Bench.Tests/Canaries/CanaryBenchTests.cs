using System.Text;
using System.Text.Json.Nodes;
using Verathos.Bench.Canaries;
using Verathos.Validator.Canaries;

namespace Verathos.Bench.Tests.Canaries;

public class CanaryBenchTests
{
    private static readonly CorpusShape s_shape = CorpusShape.For(512);

    private static ObservedRequest Seen(PlannedRequest planned) => new(
        planned.Number,
        planned.At,
        (JsonObject)JsonNode.Parse(planned.Conversation.ToRequest("m", [.. Enumerable.Repeat("An answer.", planned.Turn)]).Encode("m"))!,
        1024,
        3,
        "headers");

    private static (ObservedRequest[] Organic, ObservedRequest[] Canaries) Sample(int count)
    {
        GeneratedCorpus people = new([.. Enumerable.Repeat((byte)7, 32)], s_shape);
        byte[] secret = new byte[32];
        IReadOnlyList<PlannedRequest> organic = OrganicTraffic.Draw(people, 0, count, TimeSpan.FromDays(1), new Random(1));
        CanaryPlan plan = new CanarySource(new GeneratedCorpus(secret, s_shape), secret)
            .Plan(1, [.. Enumerable.Repeat(new CanarySlot(count, "m"), 3)], 0, new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero), TimeSpan.FromDays(1), 3);
        return ([.. organic.Select(Seen)], [.. plan.Nodes[1].Select(static canary => Seen(new PlannedRequest(canary.Number, canary.Conversation, canary.Turn, canary.At)))]);
    }

    [Fact]
    public void A_classifier_does_no_better_than_chance_on_canaries_and_finds_planted_mistakes()
    {
        (ObservedRequest[] organic, ObservedRequest[] canaries) = Sample(500);
        Separation separation = CanaryBench.Tell(organic, canaries, Features.OfReader, 1);
        Assert.True(separation.IsChance, $"{separation}");
        Assert.InRange(separation.Auc, 0.4, 0.6);
        foreach (string name in (string[])["a few fixed prompts", "always the same length", "sent on the minute"])
        {
            Func<ObservedRequest, int, ObservedRequest> make = PlantedMistakes.All.Single(mistake => mistake.Name == name).Make;
            Separation found = CanaryBench.Tell(organic, [.. canaries.Select(make)], Features.OfReader, 1);
            Assert.True(found.Low > 0.6, $"{name}: {found}");
        }
    }

    [Fact]
    public void Replicas_without_anything_in_common_are_at_chance_and_those_of_one_length_are_found()
    {
        // Few groups an epoch, so that pairs of two groups borrow from few others, and a replica in ten far off.
        Random random = new(3);
        List<SeenReplica> replicas = [];
        for (int i = 0; i < 2400; i++)
        {
            ObservedRequest seen = new(i, TimeSpan.FromHours(24 * random.NextDouble()), [], 1024, random.Next(10) == 0 ? 30 : random.Next(1, 9), "headers");
            replicas.Add(new SeenReplica(i / 12, i % 3, i / 3 % 4, seen));
        }

        Separation chance = ReplicaPairs.Measure(replicas, 1, sameLength: false);
        Assert.Equal(2400, chance.First);
        Assert.True(chance.IsChance, $"{chance}");
        Assert.True(ReplicaPairs.Measure(replicas, 1, sameLength: true).IsFound);
    }

    [Fact]
    public void The_area_is_that_of_the_ranks_and_ties_count_a_half()
    {
        bool[] are = [true, true, false, false];
        Assert.Equal(1, Separation.AreaOf([0, 1, 2, 3], [4, 3, 2, 1], are));
        Assert.Equal(0, Separation.AreaOf([0, 1, 2, 3], [1, 2, 3, 4], are));
        Assert.Equal(0.5, Separation.AreaOf([0, 1, 2, 3], [1, 1, 1, 1], are));
        Assert.Equal(0.75, Separation.AreaOf([0, 1, 2, 3], [4, 2, 3, 1], are));
        Assert.Equal(0.875, Separation.AreaOf([0, 1, 2, 3], [4, 3, 3, 1], are));
    }

    [Fact]
    public void A_sample_runs_the_same_again()
    {
        (ObservedRequest[] organic, ObservedRequest[] canaries) = Sample(60);
        Assert.Equal(CanaryBench.Tell(organic, canaries, Features.OfHost, 3), CanaryBench.Tell(organic, canaries, Features.OfHost, 3));
    }

    [Fact]
    public void Organic_requests_are_drawn_from_the_pool_and_begin_by_its_hours()
    {
        ArrivalProfile profile = ArrivalProfile.Default with { HourWeights = [.. Enumerable.Range(0, 24).Select(hour => hour == 12 ? 1000 : 1)] };
        byte[] lines = Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 100).Select(i => $"prompt {i}")));
        Assert.True(FileCorpus.TryRead(lines, new byte[32], s_shape, out FileCorpus? corpus, out _));
        Assert.Equal(100, OrganicTraffic.Draw(corpus, 0, 100, TimeSpan.FromDays(1), new Random(2)).Select(request => request.Conversation.Turns[0]).Distinct().Count());
        IReadOnlyList<PlannedRequest> noon = OrganicTraffic.Draw(new GeneratedCorpus(new byte[32], s_shape) { Arrivals = profile }, 0, 200, TimeSpan.FromDays(1), new Random(2));
        Assert.True(noon.Count(request => request.Turn == 0 && request.At.Hours == 12) > 100);
    }
}
