using System.Text;
using Verathos.Bench.Node;
using Verathos.Bench.Statistics;
using Verathos.Client;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Streams;

namespace Verathos.Bench.Memory;

/// <summary>Sends many small requests, some of them left early and some refused, and samples the memory of the process between them.</summary>
public static class MemoryBench
{
    /// <summary>Runs it.</summary>
    public static async Task<MemoryReport> RunAsync(MemoryOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Samples, 5, nameof(options));
        List<MemorySample> samples = [];
        int sent = 0, answered = 0, unexpected = 0;
        BenchNode node = await options.StartNode(cancellationToken).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            for (int sample = 1; sample <= options.Samples; sample++)
            {
                // A client of its own each time: one keeps receipts of its own, which are not the node's to grow by.
                ClientOptions fresh = options.Client with { Ledger = new ReceiptLedger() };
                int until = (int)((long)options.Count * sample / options.Samples);
                using (VerathosClient client = await VerathosClient.ConnectAsync(node.Address, fresh, cancellationToken).ConfigureAwait(false))
                {
                    await Task.WhenAll(Enumerable.Range(0, options.Concurrent).Select(_ => Task.Run(() => WorkAsync(client, until), cancellationToken))).ConfigureAwait(false);
                }

                samples.Add(Sample(Math.Min(sent, until)));
            }
        }

        IReadOnlyList<MemorySample> steady = [.. samples.Skip(options.Samples / 5)];
        double[] requests = [.. steady.Select(s => (double)s.Requests)];
        return new MemoryReport(
            options.Count,
            answered,
            unexpected,
            samples,
            Line.Slope(requests, [.. steady.Select(s => (double)s.ResidentBytes)]),
            Line.Slope(requests, [.. steady.Select(s => (double)s.ManagedBytes)]));

        async Task WorkAsync(VerathosClient client, int until)
        {
            while (true)
            {
                int number = Interlocked.Increment(ref sent);
                if (number > until)
                {
                    Interlocked.Decrement(ref sent);
                    return;
                }

                bool? outcome = await SendAsync(client, number, cancellationToken).ConfigureAwait(false);
                if (outcome == true)
                {
                    Interlocked.Increment(ref answered);
                }
                else if (outcome is null)
                {
                    Interlocked.Increment(ref unexpected);
                }

                options.Progress?.Invoke(number, options.Count);
            }
        }
    }

    /// <summary>True for an answer, false for what was left or deserved its refusal, null for what deserved none.</summary>
    private static async Task<bool?> SendAsync(VerathosClient client, int number, CancellationToken cancellationToken)
    {
        bool left = number % 7 == 0;
        bool bad = number % 11 == 0;
        string body = $$"""{"prompt":[{{string.Join(',', Enumerable.Range(1, 1 + (number % 24)))}}],"max_tokens":{{(left ? 40 : 1 + (number % 5))}},"temperature":{{number % 2}}{{(bad ? ",\"logit_bias\":{\"1\":1}" : "")}}}""";
        if (!InferenceRequest.TryParse(InferenceKind.Completion, Encoding.UTF8.GetBytes(body), out InferenceRequest? request, out string? error))
        {
            throw new InvalidOperationException(error);
        }

        try
        {
            await foreach (AnswerUpdate update in client.StreamAsync(request!, cancellationToken).ConfigureAwait(false))
            {
                if (update.Completed is not null)
                {
                    return true;
                }

                if (left)
                {
                    return false;
                }
            }

            return null;
        }
        catch (VerathosException failure)
        {
            return bad && failure.StatusCode == 400 ? false : null;
        }
    }

    private static MemorySample Sample(int requests)
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return new MemorySample(requests, Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: true));
    }
}
