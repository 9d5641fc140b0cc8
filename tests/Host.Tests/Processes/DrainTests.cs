using System.Net;
using Verathos.Client;
using Verathos.Client.Streams;

namespace Verathos.Host.Tests.Processes;

/// <summary>A busy node that is told to stop, in both topologies.</summary>
public sealed class DrainTests(SplitNode node) : IClassFixture<SplitNode>
{
    private const int Answers = 6;
    private const int Tokens = 60;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_answer_that_runs_is_finished_and_no_new_one_is_begun(bool split)
    {
        // On a machine that does much else, too, the answers must not run past the deadline.
        string configuration = Path.GetTempFileName();
        await File.WriteAllTextAsync(configuration, """{"timeouts": {"drainSeconds": 300}}""", Cancel);
        string[] arguments = ["--config", configuration];
        await using ChildProcess process = split ? node.StartFront(out _, arguments) : node.StartWhole(arguments);
        await process.SaysAsync("ready:");
        Uri address = await process.AddressAsync();
        using VerathosClient client = await node.ConnectAsync(address);
        List<IAsyncEnumerator<AnswerUpdate>> running = [];
        for (int i = 0; i < Answers; i++)
        {
            IAsyncEnumerator<AnswerUpdate> answer = client.StreamAsync(SplitNode.Ask($"story {i}", Tokens), Cancel).GetAsyncEnumerator(Cancel);
            running.Add(answer);
            Assert.True(await answer.MoveNextAsync());
        }

        process.Signal(NativeSignal.Terminate);
        await process.SaysAsync("stopping");
        using HttpClient http = new() { BaseAddress = address };
        await Eventually.TrueAsync(async () =>
        {
            // The word comes a moment before the deed.
            using HttpResponseMessage ready = await http.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancel);
            return ready.StatusCode == HttpStatusCode.ServiceUnavailable;
        });
        VerathosException refused = await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(SplitNode.Ask("one more", 1), Cancel));
        Answer[] finished = await Task.WhenAll(running.Select(ToEndAsync));

        Assert.NotEqual(ClientFailure.StreamBroken, refused.Failure);
        Assert.All(finished, answer => Assert.True(answer.ReceiptVerdict.Valid));
        Assert.All(finished, answer => Assert.Equal(Tokens, answer.OutputIds.Count));
        Assert.Equal(Answers, finished.Select(answer => answer.Receipt.Counter).Distinct().Count());
        Assert.Equal(0, await process.ExitAsync());
        Assert.Contains("verathos: stopped\n", process.Error, StringComparison.Ordinal);
        File.Delete(configuration);
    }

    private static async Task<Answer> ToEndAsync(IAsyncEnumerator<AnswerUpdate> answer)
    {
        Answer? completed = null;
        await using (answer)
        {
            while (await answer.MoveNextAsync())
            {
                completed = answer.Current.Completed ?? completed;
            }
        }

        Assert.NotNull(completed);
        return completed;
    }
}
