using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Client.Requests;
using Verathos.Validator.Canaries;

namespace Verathos.Validator.Tests.Canaries;

public class CanaryTests
{
    private static readonly byte[] s_secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly DateTimeOffset s_start = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);
    private static readonly CorpusShape s_shape = CorpusShape.For(512);

    private static CanarySource Source(ICanaryCorpus? corpus = null) => new(corpus ?? new GeneratedCorpus(s_secret, s_shape), s_secret);

    private static CanaryPlan Plan(int nodes, int count, int cohort = 1, long epoch = 1, long first = 0, ICanaryCorpus? corpus = null) =>
        Source(corpus).Plan(epoch, [.. Enumerable.Repeat(new CanarySlot(count, "m"), nodes)], first, s_start, TimeSpan.FromHours(1), cohort);

    private static string Body(Canary canary) => Encoding.UTF8.GetString(canary.ToRequest("model", [.. Enumerable.Range(0, canary.Turn).Select(i => $"answer {i}")]).Encode("model"));

    [Fact]
    public void A_plan_is_the_same_after_a_crash_and_another_one_under_another_secret()
    {
        string[] once = Describe(Plan(4, 13, cohort: 3));
        Assert.Equal(once, Describe(Plan(4, 13, cohort: 3)));
        CanarySource other = new(new GeneratedCorpus([.. s_secret.Reverse()], s_shape), s_secret.Reverse().ToArray());
        Assert.Empty(once.Intersect(Describe(other.Plan(1, [.. Enumerable.Repeat(new CanarySlot(13, "m"), 4)], 0, s_start, TimeSpan.FromHours(1), 3))));

        static string[] Describe(CanaryPlan plan) => [.. plan.Nodes.SelectMany(node => node.Select(canary => $"{canary.Number} {canary.Turn} {canary.At} {canary.Group} {JsonSerializer.Serialize(canary.Conversation.Turns)}"))];
    }

    [Fact]
    public void No_conversation_is_used_twice_across_nodes_and_epochs()
    {
        CanaryPlan first = Plan(16, 13);
        CanaryPlan second = Plan(16, 13, epoch: 2, first: first.NextNumber);
        string[] said = [.. first.Nodes.Concat(second.Nodes).SelectMany(node => node.Where(canary => canary.Turn == 0).Select(canary => JsonSerializer.Serialize(new { canary.Conversation.Kind, canary.Conversation.System, canary.Conversation.Turns })))];
        long[] numbers = [.. first.Nodes.Concat(second.Nodes).SelectMany(node => node.Where(canary => canary.Turn == 0).Select(canary => canary.Number))];
        Assert.Equal(numbers.Length, numbers.Distinct().Count());

        // People do repeat themselves: "ok thanks" is no mark. Whole conversations of any length are not repeated.
        string[] longer = [.. said.Where(text => text.Length > 110)];
        Assert.Equal(longer.Length, longer.Distinct().Count());
        Assert.True(longer.Length > 150);
    }

    [Fact]
    public void A_node_gets_its_count_and_conversations_are_whole()
    {
        foreach (IReadOnlyList<Canary> node in Plan(64, 13).Nodes)
        {
            Assert.InRange(node.Count, 13, 13 + s_shape.MaxTurns - 1);
            Assert.Equal(Enumerable.Range(0, node.Count), node.Select(canary => canary.Ordinal));
            Assert.All(node.GroupBy(canary => canary.Number), turns => Assert.Equal(Enumerable.Range(0, turns.First().Conversation.Turns.Count), turns.Select(canary => canary.Turn)));
            Assert.All(node, canary => Assert.True(canary.At >= TimeSpan.Zero && (canary.Turn > 0 || canary.At < TimeSpan.FromHours(1))));
        }
    }

    [Fact]
    public void Every_canary_can_be_sent_and_fits()
    {
        GeneratedCorpus corpus = new(s_secret, s_shape);
        for (int number = 0; number < 3000; number++)
        {
            Conversation conversation = corpus.Get(number);
            Assert.InRange(conversation.PromptBytes, 1, s_shape.MaxPromptBytes);
            for (int turn = 0; turn < conversation.Turns.Count; turn++)
            {
                InferenceRequest request = conversation.ToRequest("model", [.. Enumerable.Repeat("yes", turn)]);
                Assert.True(request.Parameters.MaxTokens is not > 64 && (request.Parameters.MaxTokens is not null || conversation.Turns.Count == 1));
            }
        }
    }

    [Fact]
    public void A_follow_up_carries_the_nodes_own_answers()
    {
        Canary later = Plan(32, 13).Nodes.SelectMany(node => node).First(canary => canary.Turn == 1 && canary.Conversation.System is not null);
        JsonArray messages = JsonNode.Parse(Body(later))!["messages"]!.AsArray();
        Assert.Equal(["system", "user", "assistant", "user"], messages.Select(message => (string)message!["role"]!));
        Assert.Equal("answer 0", (string)messages[2]!["content"]!);
        Assert.Throws<ArgumentException>(() => later.ToRequest("model", []));
    }

    [Fact]
    public void Replicas_share_what_is_said_and_nothing_else()
    {
        CanaryPlan alone = Plan(96, 13);
        CanaryPlan together = Plan(96, 13, cohort: 3);
        (int Node, Canary Canary)[] shared = [.. together.Nodes.SelectMany((node, i) => node.Where(canary => canary.Group is not null).Select(canary => (i, canary)))];
        Assert.True(shared.Length >= 8, $"{shared.Length} replicas");
        foreach (IGrouping<int?, (int Node, Canary Canary)> group in shared.GroupBy(pair => pair.Canary.Group))
        {
            Assert.InRange(group.Count(), 2, 3);
            Assert.Equal(group.Count(), group.Select(pair => pair.Node).Distinct().Count());
            Assert.Single(group.Select(pair => JsonSerializer.Serialize(pair.Canary.Conversation.Turns)).Distinct());
            Assert.All(group, pair => Assert.Equal(0u, pair.Canary.ToRequest("model", []).Parameters.TemperatureMicro));

            // Length, time and form are the node's own draw, as they would be without replication.
            Assert.All(group, pair =>
            {
                Canary own = alone.Nodes[pair.Node][pair.Canary.Ordinal];
                Assert.Equal((own.At, own.Number, own.Conversation.MaxTokens), (pair.Canary.At, pair.Canary.Number, pair.Canary.Conversation.MaxTokens));
                Assert.Equal(Members(own, "messages", "seed"), Members(pair.Canary, "messages", "seed"));
            });
        }

        // Everything that is not shared is as it is without replication.
        Assert.All(together.Nodes.Zip(alone.Nodes).SelectMany(pair => pair.First.Zip(pair.Second)).Where(pair => pair.First.Group is null), pair => Assert.Equal(Members(pair.Second, "seed"), Members(pair.First, "seed")));

        // Where a request names no seed, the client draws one.
        static string Members(Canary canary, params string[] but) => string.Join(',', JsonNode.Parse(Body(canary))!.AsObject().Where(member => !but.Contains(member.Key)).Select(member => member.ToString()));
    }

    [Fact]
    public void Nodes_of_different_models_are_never_asked_the_same()
    {
        CanarySlot[] slots = [.. Enumerable.Range(0, 24).Select(i => new CanarySlot(13, i % 2 == 0 ? "m" : "n"))];
        CanaryPlan plan = Source().Plan(1, slots, 0, s_start, TimeSpan.FromHours(1), 4);
        Assert.All(plan.Nodes.SelectMany((node, i) => node.Select(canary => (canary.Group, slots[i].Model))).Where(pair => pair.Group is not null).GroupBy(pair => pair.Group), group => Assert.Single(group.Select(pair => pair.Model).Distinct()));
    }

    [Fact]
    public void A_majority_is_on_common_beginnings_and_names_who_differs()
    {
        ReplicaResult result = ReplicaVote.Judge([("a", [1, 2, 3], false), ("b", [1, 2, 3, 4, 5], false), ("c", [1, 2, 9, 4], false)]);
        Assert.Equal([1, 2, 3, 4, 5], result.Majority!);
        Assert.Equal(["c"], result.Outvoted);

        // An answer that the model ended and that others go on from is another one.
        Assert.Equal(["a"], ReplicaVote.Judge([("a", [1, 2], true), ("b", [1, 2, 3], false), ("c", [1, 2, 3], true)]).Outvoted);
        Assert.Null(ReplicaVote.Judge([("a", [1], false), ("b", [2], false)]).Majority);
        Assert.Empty(ReplicaVote.Judge([("a", [1], false), ("b", [2], false)]).Outvoted);
        Assert.Null(ReplicaVote.Judge([]).Majority);
    }

    [Fact]
    public void Arrivals_follow_the_hours()
    {
        ArrivalProfile profile = ArrivalProfile.Default with { HourWeights = [.. Enumerable.Range(0, 24).Select(hour => hour == 9 ? 90 : 10)] };
        CanarySource source = Source(new GeneratedCorpus(s_secret, s_shape) { Arrivals = profile });
        IReadOnlyList<Canary> canaries = source.Plan(1, [new CanarySlot(2000, "m")], 0, s_start, TimeSpan.FromHours(2), 1).Nodes[0];
        int first = canaries.Count(canary => canary.Turn == 0 && canary.At < TimeSpan.FromHours(1));
        Assert.InRange(first / (double)canaries.Count(canary => canary.Turn == 0), 0.87, 0.93);
    }
}
