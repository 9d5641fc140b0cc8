using System.Net;
using System.Text.Json;
using Verathos.Client;
using Verathos.Client.Requests;
using Verathos.Client.Streams;

namespace Verathos.Host.Tests.Processes;

/// <summary>Two models in an enclave process of their own, behind a front: the split topology over gRPC.</summary>
public sealed class SeveralModelsTests : IAsyncLifetime
{
    private readonly SplitNode _node = new() { Small = true, Several = true };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _node.InitializeAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Both_are_listed_and_answer_and_an_unknown_one_is_told_which_there_are()
    {
        await using ChildProcess front = _node.StartFront(out _);
        await front.SaysAsync("ready: first, second on");
        Uri address = await front.AddressAsync();
        using VerathosClient client = await _node.ConnectAsync(address);
        JsonElement list = JsonElement.Parse(await client.GetModelsAsync(Cancel));
        Assert.Equal(["first", "second"], list.GetProperty("data").EnumerateArray().Select(static model => model.GetProperty("id").GetString()));
        foreach (string? asked in (string?[])[null, "first", "second"])
        {
            Answer answer = await client.CompleteAsync(Ask(asked, 5), Cancel);
            Assert.Equal((asked ?? "first", true), (answer.Receipt.Model, answer.ReceiptVerdict.Valid));
        }

        VerathosException unknown = await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(Ask("third", 5), Cancel));
        Assert.Equal((ClientFailure.Refused, 404), (unknown.Failure, unknown.StatusCode));
        Assert.Contains("'first', 'second'", unknown.Message, StringComparison.Ordinal);
        using HttpClient http = new() { BaseAddress = address };
        await Eventually.TrueAsync(async () =>
        {
            string metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel);
            return metrics.Contains("verathos_model_receipts_total{model=\"first\"} 2", StringComparison.Ordinal)
                && metrics.Contains("verathos_model_receipts_total{model=\"second\"} 1", StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_burst_above_the_limits_meets_only_waits_and_429_and_the_ids_of_each_model_alone()
    {
        await using ChildProcess front = _node.StartFront(out _);
        await front.SaysAsync("ready:");
        using VerathosClient client = await _node.ConnectAsync(await front.AddressAsync());
        Dictionary<string, int[]> alone = [];
        foreach (string name in (string[])["first", "second"])
        {
            alone[name] = [.. (await client.CompleteAsync(Ask(name, 24), Cancel)).OutputIds];
        }

        (string Name, Task<Answer> Answer)[] sent = [.. Enumerable.Range(0, 60).Select(static i => i % 2 == 0 ? "first" : "second").Select(name => (name, client.CompleteAsync(Ask(name, 24), Cancel)))];
        int served = 0;
        foreach ((string name, Task<Answer> pending) in sent)
        {
            try
            {
                Answer answer = await pending;
                Assert.Equal(alone[name], answer.OutputIds);
                served++;
            }
            catch (VerathosException refused)
            {
                Assert.Equal(429, refused.StatusCode);
                Assert.NotNull(refused.RetryAfter);
            }
        }

        Assert.True(served >= 7, $"{served} of {sent.Length} were served");
        Assert.False(_node.Enclave.HasExited);
        Assert.True((await client.CompleteAsync(Ask("second", 3), Cancel)).ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task SIGTERM_lets_running_answers_of_both_models_finish()
    {
        await using ChildProcess front = _node.StartFront(out _);
        await front.SaysAsync("ready:");
        using VerathosClient client = await _node.ConnectAsync(await front.AddressAsync());
        List<IAsyncEnumerator<AnswerUpdate>> answers = [];
        foreach (string name in (string[])["first", "second"])
        {
            answers.Add(client.StreamAsync(Ask(name, 400), Cancel).GetAsyncEnumerator(Cancel));
            Assert.True(await answers[^1].MoveNextAsync());
        }

        front.Signal(NativeSignal.Terminate);
        await front.SaysAsync("stopping");
        foreach (IAsyncEnumerator<AnswerUpdate> answer in answers)
        {
            Answer? completed = null;
            while (await answer.MoveNextAsync())
            {
                completed = answer.Current.Completed ?? completed;
            }

            await answer.DisposeAsync();
            Assert.Equal(400, completed!.OutputIds.Count);
            Assert.True(completed.ReceiptVerdict.Valid);
        }

        Assert.Equal(0, await front.ExitAsync());
    }

    private static InferenceRequest Ask(string? model, int tokens) => InferenceRequest.Chat([("user", "tell me")], model, temperature: 0, maxTokens: tokens);
}
