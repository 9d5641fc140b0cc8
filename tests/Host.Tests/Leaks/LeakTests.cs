using System.Text;
using Verathos.Client;
using Verathos.Client.Streams;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.Host.Tests.Processes;

namespace Verathos.Host.Tests.Leaks;

/// <summary>
/// Drill: read everything of the host while it relays an answer (standard output and error, metrics, every file, a full core)
/// and look for the prompt and the answer, and once more at what is logged and written when the answer has ended. The same search finds both in the enclave, and finds the prompt in fronts that
/// leak on purpose.
/// </summary>
public sealed class LeakTests(SplitNode node) : IClassFixture<SplitNode>
{
    private const int Tokens = 1200;
    private const int Windows = 12;
    private const int WindowLength = 40;

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
    [InlineData("log", "prompt as utf-8 in standard output")]
    [InlineData("hex", "prompt as hex of utf-8 in standard output")]
    [InlineData("file", "prompt as utf-8 in leaked.bin")]
    [InlineData("ids", "prompt as ids, int32 in leaked.bin")]
    [InlineData("memory", "prompt as base64 at 1 of utf-8 in core")]
    [InlineData("utf-16", "prompt as utf-16 in core")]
    public async Task A_host_that_leaks_is_caught(string leak, string expected)
    {
        await using ChildProcess front = node.StartLeakingFront(leak, out string folder);
        string canary = SplitNode.NewCanary();
        using TellingHandler handler = new(canary, Needle.OfIds("prompt", PromptIds(canary)).First().Bytes);

        Evidence evidence = await SearchAsync(front, folder, canary, handler);

        Assert.Contains(expected, evidence.InHost);
    }

    [Fact]
    public async Task A_host_that_logs_a_piece_of_an_answer_after_its_end_is_caught()
    {
        await using ChildProcess front = node.StartLeakingFront("log", out string folder);

        Evidence evidence = await SearchAsync(front, folder, SplitNode.NewCanary(), handler: null, tellAnswer: true);

        Assert.Contains("answer as utf-8 in standard output", evidence.InHost);
    }

    private async Task<Evidence> SearchAsync(ChildProcess front, string folder, string canary, HttpMessageHandler? handler, bool tellAnswer = false)
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
            using (CoreFile core = CoreFile.Take(front.Id))
            {
                (inHost, hostBytes) = search.InCore(core);
            }

            openedElsewhere = LeakSearch.OpenedForWritingOutside(front.Id, folder);
            using (CoreFile core = CoreFile.Take(node.Enclave.Id))
            {
                (inEnclave, _) = search.InCore(core);
            }
        }
        finally
        {
            node.Enclave.Signal(NativeSignal.Continue);
            front.Signal(NativeSignal.Continue);
        }

        string metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel);
        Assert.Contains("verathos_gateway_running 1", metrics, StringComparison.Ordinal);
        List<string> found = [.. inHost.Select(form => form + " in core")];
        Collect(search, metrics);
        while (await answer.MoveNextAsync())
        {
            text.Append(answer.Current.Text);
            ids.AddRange(answer.Current.Ids);
        }

        Assert.True(ids.Count > Tokens / 2, $"the answer had {ids.Count} tokens only");
        if (tellAnswer)
        {
            int middle = (text.Length - WindowLength) / Windows * (Windows / 2);
            using HttpRequestMessage telling = new(HttpMethod.Get, "/health/live");
            telling.Headers.Add("x-control-prompt", Convert.ToHexString(Encoding.UTF8.GetBytes(text.ToString(middle, WindowLength))));
            using HttpResponseMessage told = await http.SendAsync(telling, Cancel);
        }

        await Eventually.TrueAsync(async () =>
            (metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancel)).Contains("verathos_gateway_running 0", StringComparison.Ordinal));
        // Log lines pass through a queue and a pipe.
        await Task.Delay(TimeSpan.FromMilliseconds(500), Cancel);
        Collect(new LeakSearch([.. AnswerWindows(text.ToString(), ids), .. Needle.OfText("prompt", canary)]), metrics);
        return new Evidence(
            found,
            hostBytes,
            openedElsewhere,
            inEnclave);

        void Collect(LeakSearch with, string metricsText) => found.AddRange(
        [
            .. with.InText("standard output", front.Output), .. with.InText("standard error", front.Error),
            .. with.InText("metrics", metricsText), .. with.InFolder(folder),
        ]);
    }

    /// <summary>Pieces of a whole answer, from its first characters to its last.</summary>
    private static IEnumerable<Needle> AnswerWindows(string answer, List<int> ids)
    {
        int textStep = (answer.Length - WindowLength) / Windows;
        int idStep = (ids.Count - 16) / Windows;
        for (int i = 0; i <= Windows; i++)
        {
            foreach (Needle needle in Needle.OfText("answer", answer.Substring(i * textStep, WindowLength)).Concat(Needle.OfIds("answer", ids[(i * idStep)..((i * idStep) + 16)])))
            {
                yield return needle;
            }
        }
    }

    private static int[] PromptIds(string prompt)
    {
        Tokenizer tokenizer = TokenizerJson.Load(
            File.ReadAllBytes(Path.Combine(RandomModelFolder.TokenizerFolder, "tokenizer.json")), TokenizerConfig.Empty);
        // The first and last ids of a text may merge with what stands beside it.
        return tokenizer.Encode(prompt)[1..^1];
    }

    private static IEnumerable<Needle> Needles(string prompt, string answer, List<int> answerIds)
    {
        int[] promptIds = PromptIds(prompt);
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
    private sealed class TellingHandler(string prompt, byte[] ids) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Add("x-control-prompt", Convert.ToHexString(Encoding.UTF8.GetBytes(prompt)));
            request.Headers.Add("x-control-ids", Convert.ToHexString(ids));
            return base.SendAsync(request, cancellationToken);
        }
    }
}
