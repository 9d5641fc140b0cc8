using System.Text;
using Verathos.Client;
using Verathos.Client.Streams;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.Host.Tests.Processes;

namespace Verathos.Host.Tests.Leaks;

/// <summary>
/// Drill: read everything of the host while it relays an answer (standard output and error, metrics, every file, a full core)
/// and look for the prompt and the answer. The same search finds both in the enclave, and finds the prompt in fronts that
/// leak on purpose.
/// </summary>
public sealed class LeakTests(SplitNode node) : IClassFixture<SplitNode>
{
    private const int Tokens = 3000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_of_a_prompt_or_its_answer_is_in_the_host_and_both_are_in_the_enclave()
    {
        await using ChildProcess front = node.StartFront(out string folder);
        await front.SaysAsync("ready:");
        Evidence evidence = await SearchAsync(front, folder, SplitNode.NewCanary(), handler: null);

        Assert.Empty(evidence.InHost);
        Assert.Empty(evidence.OpenedElsewhere);
        Assert.True(evidence.HostBytes > 50 << 20, $"only {evidence.HostBytes} bytes of the host's memory were read");
        Assert.Contains(evidence.InEnclave, found => found.StartsWith("prompt", StringComparison.Ordinal));
        Assert.Contains(evidence.InEnclave, found => found.StartsWith("answer", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("log", "standard output")]
    [InlineData("file", "leaked.bin")]
    [InlineData("memory", "memory")]
    public async Task A_host_that_leaks_is_caught(string leak, string place)
    {
        await using ChildProcess front = node.StartLeakingFront(leak, out string folder);
        string canary = SplitNode.NewCanary();
        using TellingHandler handler = new(canary);

        Evidence evidence = await SearchAsync(front, folder, canary, handler);

        Assert.Contains(evidence.InHost, found => found.StartsWith("prompt", StringComparison.Ordinal) && found.EndsWith(place, StringComparison.Ordinal));
    }

    private async Task<Evidence> SearchAsync(ChildProcess front, string folder, string canary, HttpMessageHandler? handler)
    {
        Uri address = await front.AddressAsync();
        using HttpClient http = new() { BaseAddress = address };
        using VerathosClient client = await node.ConnectAsync(address, handler);
        StringBuilder text = new();
        List<int> ids = [];
        await using IAsyncEnumerator<AnswerUpdate> answer = client.StreamAsync(SplitNode.Ask(canary, Tokens), Cancel).GetAsyncEnumerator(Cancel);
        while (ids.Count < 24 && await answer.MoveNextAsync())
        {
            text.Append(answer.Current.Text);
            ids.AddRange(answer.Current.Ids);
        }

        Assert.Contains("verathos_gateway_running 1", await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel), StringComparison.Ordinal);
        LeakSearch search = new([.. Needles(canary, text.ToString(), ids)]);
        IReadOnlyList<string> inHost;
        long hostBytes;
        IReadOnlyList<string> openedElsewhere;
        IReadOnlyList<string> inEnclave;
        front.Signal(NativeSignal.Stop);
        node.Enclave.Signal(NativeSignal.Stop);
        try
        {
            (inHost, hostBytes) = search.InMemory(front.Id);
            openedElsewhere = LeakSearch.OpenedForWritingOutside(front.Id, folder);
            (inEnclave, _) = search.InMemory(node.Enclave.Id);
        }
        finally
        {
            node.Enclave.Signal(NativeSignal.Continue);
            front.Signal(NativeSignal.Continue);
        }

        string metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel);
        Assert.Contains("verathos_gateway_running 1", metrics, StringComparison.Ordinal);
        Assert.True(await answer.MoveNextAsync());
        return new Evidence(
            [
                .. inHost.Select(found => found + " in memory"), .. search.InText("standard output", front.Output),
                .. search.InText("standard error", front.Error), .. search.InText("metrics", metrics), .. search.InFolder(folder),
            ],
            hostBytes,
            openedElsewhere,
            inEnclave);
    }

    private static IEnumerable<Needle> Needles(string prompt, string answer, List<int> answerIds)
    {
        Tokenizer tokenizer = TokenizerJson.Load(
            File.ReadAllBytes(Path.Combine(RandomModelFolder.TokenizerFolder, "tokenizer.json")), TokenizerConfig.Empty);
        // The first and last ids of a text may merge with what stands beside it.
        int[] promptIds = tokenizer.Encode(prompt)[1..^1];
        return
        [
            .. Needle.OfText("prompt", prompt),
            .. Needle.OfIds("prompt", promptIds),
            .. Needle.OfText("answer", answer),
            .. Needle.OfIds("answer", answerIds[..16]),
        ];
    }

    private sealed record Evidence(IReadOnlyList<string> InHost, long HostBytes, IReadOnlyList<string> OpenedElsewhere, IReadOnlyList<string> InEnclave);

    /// <summary>Tells the leaking front the prompt, which it could not learn from what is sealed.</summary>
    private sealed class TellingHandler(string prompt) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Add("x-control-prompt", Convert.ToHexString(Encoding.UTF8.GetBytes(prompt)));
            return base.SendAsync(request, cancellationToken);
        }
    }
}
