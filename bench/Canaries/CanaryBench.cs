using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Bench.Node;
using Verathos.Client;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Validator.Canaries;

namespace Verathos.Bench.Canaries;

/// <summary>
/// Sends what people send and what a validator sends through a real node with the real client, and trains classifiers to tell them
/// apart: one that reads everything, one that sees what a host sees. The same classifiers must find planted mistakes.
/// </summary>
public static class CanaryBench
{
    private const int Cohort = 3;
    private const int MostEpochs = 200;
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    /// <summary>Sends, then classifies.</summary>
    /// <exception cref="CorpusException">The corpus is too short.</exception>
    public static async Task<CanaryBenchReport> RunAsync(CanaryBenchOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        byte[] people = Secret(options.Seed, "people");
        byte[] validator = Secret(options.Seed, "validator");
        (ICanaryCorpus pool, long firstOrganic) = Pool(options, people, validator, out ICanaryCorpus canaryPool);
        IReadOnlyList<PlannedRequest> organic = OrganicTraffic.Draw(pool, firstOrganic, options.Count, s_day, new Random(options.Seed));
        List<CanaryPlan> epochs = Plan(options, canaryPool, validator);
        Canary[] canaries = [.. epochs[0].Nodes[1]];
        Dictionary<string, int> refused = [];
        ObservedRequest[] seenOrganic, seenCanaries;
        List<SeenReplica> replicas = [];
        BenchNode node = await options.StartNode(cancellationToken).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            seenOrganic = [.. (await SendAsync(options, node, organic, "organic requests", refused, cancellationToken).ConfigureAwait(false)).Select(static pair => pair.Seen)];
            seenCanaries = [.. (await SendAsync(options, node, [.. canaries.Select(static canary => new PlannedRequest(canary.Number, canary.Conversation, canary.Turn, canary.At))], "canaries", refused, cancellationToken).ConfigureAwait(false)).Select(static pair => pair.Seen)];

            // The others of the cohort, for what two hosts see together.
            for (int epoch = 0; epoch < epochs.Count; epoch++)
            {
                (int Node, Canary Canary)[] shared = [.. epochs[epoch].Nodes.SelectMany(static (one, number) => one.Select(canary => (number, canary))).Where(static pair => pair.canary.Group is not null)];
                List<(int Index, ObservedRequest Seen)> seen = await SendAsync(
                    options, node, [.. shared.Select(static pair => new PlannedRequest(pair.Canary.Number, pair.Canary.Conversation, pair.Canary.Turn, pair.Canary.At))],
                    string.Create(CultureInfo.InvariantCulture, $"replicas of epoch {epoch + 1} of {epochs.Count}"), refused, cancellationToken).ConfigureAwait(false);
                replicas.AddRange(seen.Select(pair => new SeenReplica(epoch, shared[pair.Index].Node, shared[pair.Index].Canary.Group!.Value, pair.Seen)));
            }
        }

        List<CanaryBenchRow> rows =
        [
            new("canaries", "reader", true, Tell(seenOrganic, seenCanaries, Features.OfReader, options.Seed)),
            new("canaries", "host", true, Tell(seenOrganic, seenCanaries, Features.OfHost, options.Seed)),
        ];
        foreach ((string name, Func<ObservedRequest, int, ObservedRequest> make) in PlantedMistakes.All)
        {
            cancellationToken.ThrowIfCancellationRequested();
            rows.Add(new CanaryBenchRow("mistake: " + name, "reader", false, Tell(seenOrganic, [.. seenCanaries.Select(make)], Features.OfReader, options.Seed)));
            options.Progress?.Invoke("planted mistakes", rows.Count - 2, PlantedMistakes.All.Count);
        }

        rows.Add(new CanaryBenchRow("mistake: sent on the minute", "host", false, Tell(seenOrganic, [.. seenCanaries.Select(static request => request with { At = TimeSpan.FromMinutes(Math.Round(request.At.TotalMinutes)) })], Features.OfHost, options.Seed)));
        int pairs = 0;
        if (replicas.Count > 1)
        {
            Separation apart = ReplicaPairs.Measure(replicas, options.Seed, sameLength: false);
            pairs = apart.First;
            rows.Add(new CanaryBenchRow("replicas at two nodes", "host", true, apart));
            rows.Add(new CanaryBenchRow("mistake: replicas of one length", "host", false, ReplicaPairs.Measure(replicas, options.Seed, sameLength: true)));
        }

        bool equal = seenOrganic.Concat(seenCanaries).Select(static request => request.OuterHeaders).Distinct().Count() == 1;
        return new CanaryBenchReport(options.Seed, options.Model, options.Corpus is null ? "generated" : "file", seenOrganic.Length, seenCanaries.Length, refused, equal, replicas.Count, pairs, rows);
    }

    // Epoch after epoch as a validator plans them, the next from where the last left off.
    private static List<CanaryPlan> Plan(CanaryBenchOptions options, ICanaryCorpus pool, byte[] secret)
    {
        CanarySlot[] slots = [.. Enumerable.Repeat(new CanarySlot(options.Count, options.Model), Cohort)];
        CanarySource source = new(pool, secret);
        List<CanaryPlan> epochs = [];
        long next = 0;
        int pairs = 0;
        do
        {
            CanaryPlan plan = source.Plan(epochs.Count + 1, slots, next, new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero).AddDays(epochs.Count), s_day, Cohort);
            epochs.Add(plan);
            next = plan.NextNumber;
            pairs += plan.Nodes.SelectMany(static one => one).Where(static canary => canary.Group is not null).GroupBy(static canary => canary.Group).Sum(static group => group.Count() * (group.Count() - 1) / 2);
        }
        while (pairs < options.ReplicaPairs && epochs.Count < MostEpochs && options.Corpus is null);
        return epochs;
    }

    /// <summary>How well two kinds are told apart, each request with the times to its neighbours among all.</summary>
    internal static Separation Tell(IReadOnlyList<ObservedRequest> organic, IReadOnlyList<ObservedRequest> canaries, Func<ObservedRequest, double, double, Features> features, int seed)
    {
        (ObservedRequest Request, bool Canary)[] all = [.. organic.Select(static request => (request, false)).Concat(canaries.Select(static request => (request, true))).OrderBy(static pair => pair.request.At)];
        Features[] examples = new Features[all.Length];
        for (int i = 0; i < all.Length; i++)
        {
            double before = i == 0 ? s_day.TotalSeconds : (all[i].Request.At - all[i - 1].Request.At).TotalSeconds;
            double after = i == all.Length - 1 ? s_day.TotalSeconds : (all[i + 1].Request.At - all[i].Request.At).TotalSeconds;
            examples[i] = features(all[i].Request, before, after);
        }

        return Separation.Measure(examples, [.. all.Select(static pair => pair.Canary)], [.. all.Select(static pair => (pair.Request.Conversation * 2) + (pair.Canary ? 1 : 0))], seed);
    }

    // People and the validator draw from one pool and never the same conversation of it.
    private static (ICanaryCorpus Pool, long First) Pool(CanaryBenchOptions options, byte[] people, byte[] validator, out ICanaryCorpus canaries)
    {
        if (options.Corpus is not { } file)
        {
            canaries = new GeneratedCorpus(validator, options.Shape);
            return (new GeneratedCorpus(people, options.Shape), 0);
        }

        if (!FileCorpus.TryRead(file, validator, options.Shape, out FileCorpus? corpus, out string? error))
        {
            throw new CorpusException(error);
        }

        // The validator's three nodes take the front of a secret order, people the rest.
        canaries = corpus;
        long front = corpus.Count!.Value * Cohort / (Cohort + 1);
        return front >= (long)Cohort * options.Count && corpus.Count - front >= options.Count
            ? (corpus, front)
            : throw new CorpusException($"the corpus has {corpus.Count} conversations; --count {options.Count} needs {(Cohort + 1) * options.Count}");
    }

    private static async Task<List<(int Index, ObservedRequest Seen)>> SendAsync(
        CanaryBenchOptions options, BenchNode node, IReadOnlyList<PlannedRequest> requests, string what, Dictionary<string, int> refused, CancellationToken cancellationToken)
    {
        using TappingHandler tap = new();
        using VerathosClient client = await VerathosClient.ConnectAsync(node.Address, options.Client with { HttpMessageHandler = tap }, cancellationToken).ConfigureAwait(false);
        Dictionary<(long Number, TimeSpan Begin), List<string>> answers = [];
        List<(int, ObservedRequest)> seen = [];
        TimeSpan begin = default;
        for (int i = 0; i < requests.Count; i++)
        {
            PlannedRequest planned = requests[i];
            begin = planned.Turn == 0 ? planned.At : begin;
            List<string> earlier = planned.Turn == 0 ? answers[(planned.Number, begin)] = [] : answers[(planned.Number, begin)];
            if (earlier.Count == planned.Turn)
            {
                InferenceRequest request = planned.Conversation.ToRequest(options.Model, earlier);
                try
                {
                    Answer answer = await client.CompleteAsync(request, cancellationToken).ConfigureAwait(false);
                    earlier.Add(answer.Text);
                    seen.Add((i, new ObservedRequest(planned.Number, planned.At, (JsonObject)JsonNode.Parse(request.Encode(options.Model))!, tap.SealedBytes, (long)answer.Receipt.ChunkCount, tap.Headers)));
                }
                catch (VerathosException e) when (e.Failure == ClientFailure.Refused)
                {
                    string reason = e.ErrorBody is { } body ? (string?)JsonNode.Parse(body)?["error"]?["code"] ?? "refused" : "refused";
                    refused[reason] = refused.GetValueOrDefault(reason) + 1;
                }
            }

            options.Progress?.Invoke(what, i + 1, requests.Count);
        }

        return seen;
    }

    private static byte[] Secret(int seed, string whose) => SHA256.HashData(Encoding.UTF8.GetBytes($"verathos canary bench {seed} {whose}"));
}
