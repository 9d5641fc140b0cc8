using System.Globalization;
using System.Net;
using Verathos.Client;
using Verathos.Client.Streams;

namespace Verathos.Host.Tests.Processes;

/// <summary>
/// Either process of the split topology is killed while it works, again and again: the other one finds it again and keeps
/// nothing of what was cut. VERATHOS_CYCLES says how often (3 if not given).
/// </summary>
public sealed class SplitRecoveryTests
{
    private static readonly int s_cycles =
        int.TryParse(Environment.GetEnvironmentVariable("VERATHOS_CYCLES"), NumberStyles.None, CultureInfo.InvariantCulture, out int cycles) ? cycles : 3;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_front_outlives_enclaves_that_are_killed_and_keeps_nothing_of_them()
    {
        await using SplitNode node = new() { Small = true };
        await node.InitializeAsync();
        await using ChildProcess front = node.StartFront(out _);
        await front.SaysAsync("ready:");
        Uri address = await front.AddressAsync();
        using VerathosClient client = await node.ConnectAsync(address);
        List<Footprint> seen = [];
        for (int cycle = 0; cycle <= s_cycles; cycle++)
        {
            await using (IAsyncEnumerator<AnswerUpdate> answer = await BeginAsync(client))
            {
                node.Enclave.Signal(NativeSignal.Kill);
                VerathosException cut = await Assert.ThrowsAsync<VerathosException>(async () => await ToEndAsync(answer));
                Assert.Equal(ClientFailure.StreamBroken, cut.Failure);
            }

            // The socket's file is still there, and nobody listens.
            await node.Enclave.DisposeAsync();
            Assert.True(File.Exists(node.Socket));
            await node.StartEnclaveAsync();
            await ReadyAsync(address);
            Assert.True((await client.CompleteAsync(SplitNode.Ask("and now", 3), Cancel)).ReceiptVerdict.Valid);
            seen.Add(await Footprint.OfAsync(front));
        }

        Footprint.AssertSteady(seen);
    }

    [Fact]
    public async Task An_enclave_outlives_fronts_that_are_killed_and_keeps_nothing_of_them()
    {
        await using SplitNode node = new() { Small = true };
        await node.InitializeAsync();
        List<Footprint> seen = [];
        for (int cycle = 0; cycle <= s_cycles; cycle++)
        {
            await using ChildProcess front = node.StartFront(out _);
            await front.SaysAsync("ready:");
            using VerathosClient client = await node.ConnectAsync(await front.AddressAsync());
            await using IAsyncEnumerator<AnswerUpdate> answer = await BeginAsync(client);
            front.Signal(NativeSignal.Kill);
            await Assert.ThrowsAsync<VerathosException>(async () => await ToEndAsync(answer));
            seen.Add(await Footprint.OfAsync(node.Enclave));
        }

        Footprint.AssertSteady(seen);
        await using ChildProcess last = node.StartFront(out _);
        await last.SaysAsync("ready:");
        using VerathosClient next = await node.ConnectAsync(await last.AddressAsync());
        Assert.True((await next.CompleteAsync(SplitNode.Ask("and now", 3), Cancel)).ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task Two_fronts_share_an_enclave_and_one_does_not_miss_the_other()
    {
        await using SplitNode node = new() { Small = true };
        await node.InitializeAsync();
        await using ChildProcess first = node.StartFront(out _);
        await using ChildProcess second = node.StartFront(out _);
        await first.SaysAsync("ready:");
        await second.SaysAsync("ready:");
        using VerathosClient one = await node.ConnectAsync(await first.AddressAsync());
        using VerathosClient two = await node.ConnectAsync(await second.AddressAsync());
        Answer[] both = await Task.WhenAll(one.CompleteAsync(SplitNode.Ask("one", 20), Cancel), two.CompleteAsync(SplitNode.Ask("two", 20), Cancel));
        await using IAsyncEnumerator<AnswerUpdate> answer = await BeginAsync(two);

        first.Signal(NativeSignal.Kill);

        await ToEndAsync(answer);
        // One enclave, one keyset, one chain of receipts, whichever front carried them.
        Assert.Equal([1ul, 2ul], both.Select(done => done.Receipt.Counter).Order());
        Assert.Equal(both[0].Receipt.KeysetDigest.ToArray(), both[1].Receipt.KeysetDigest.ToArray());
        Assert.True((await two.CompleteAsync(SplitNode.Ask("and now", 3), Cancel)).ReceiptVerdict.Valid);
    }

    [Fact]
    public async Task An_enclave_that_is_told_to_stop_lets_a_running_answer_finish()
    {
        await using SplitNode node = new();
        await node.InitializeAsync();
        await using ChildProcess front = node.StartFront(out _);
        await front.SaysAsync("ready:");
        using VerathosClient client = await node.ConnectAsync(await front.AddressAsync());
        await using IAsyncEnumerator<AnswerUpdate> answer = client.StreamAsync(SplitNode.Ask("tell me", 100), Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await answer.MoveNextAsync());

        node.Enclave.Signal(NativeSignal.Terminate);
        await node.Enclave.SaysAsync("enclave stopping");
        Answer? completed = await ToEndAsync(answer);

        Assert.True(completed!.ReceiptVerdict.Valid);
        Assert.Equal(100, completed.OutputIds.Count);
        Assert.Equal(0, await node.Enclave.ExitAsync());
        Assert.False(File.Exists(node.Socket));
    }

    private static async Task<IAsyncEnumerator<AnswerUpdate>> BeginAsync(VerathosClient client)
    {
        IAsyncEnumerator<AnswerUpdate> answer = client.StreamAsync(SplitNode.Ask("tell me", 3000), Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await answer.MoveNextAsync());
        return answer;
    }

    private static async Task<Answer?> ToEndAsync(IAsyncEnumerator<AnswerUpdate> answer)
    {
        Answer? completed = null;
        while (await answer.MoveNextAsync())
        {
            completed = answer.Current.Completed ?? completed;
        }

        return completed;
    }

    private static async Task ReadyAsync(Uri address)
    {
        using HttpClient http = new() { BaseAddress = address };
        await Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancel);
            return answer.StatusCode == HttpStatusCode.OK;
        });
    }

    /// <summary>What a process takes of the system.</summary>
    private sealed record Footprint(int Descriptors, long ResidentMegabytes)
    {
        // Sockets that were cut are closed by their own tasks, so a moment passes.
        public static async Task<Footprint> OfAsync(ChildProcess process)
        {
            int least = int.MaxValue;
            for (int look = 0; look < 5; look++)
            {
                least = Math.Min(least, Directory.GetFiles($"/proc/{process.Id}/fd").Length);
                await Task.Delay(50, Cancel);
            }

            string line = File.ReadLines($"/proc/{process.Id}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
            return new Footprint(least, long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024);
        }

        /// <summary>No growth from the second look on: the first use of a thing may open it for good.</summary>
        public static void AssertSteady(List<Footprint> seen)
        {
            TestContext.Current.SendDiagnosticMessage(string.Join(' ', seen.Select(look => $"{look.Descriptors}/{look.ResidentMegabytes}")));
            Assert.InRange(seen[^1].Descriptors, 1, seen[1].Descriptors + 8);
            Assert.InRange(seen[^1].ResidentMegabytes, 1, seen[1].ResidentMegabytes + 96);
        }
    }
}
