using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Client.Trust;
using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Commands;
using Verathos.Host.Demo;
using Verathos.Protocol.Evidence;
using Verathos.Testing;

namespace Verathos.EndToEnd.Tests;

/// <summary>The demonstration's attacks at many more bytes than it shows.</summary>
public sealed class TamperTests : IAsyncLifetime
{
    private DemoNode? _node;
    private HostView? _host;
    private ClientOptions? _options;

    public async ValueTask InitializeAsync()
    {
        LoadedModel model = ModelLoader.Load(Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny"), new LoadOptions(), null, TestContext.Current.CancellationToken);
        _node = await DemoNode.StartAsync(model, enclave => _host = new HostView(enclave), TestContext.Current.CancellationToken);
        _options = TrustArguments.Simulated();
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Any_byte_of_quote_report_and_keyset_falls_to_the_check_that_covers_it()
    {
        using EvidenceFetcher fetcher = new(_options!);
        FetchedEvidence fetched = await fetcher.FetchAsync(_node!.Address, TestContext.Current.CancellationToken);
        Assert.True(EvidenceCollection.TryDecode(fetched.Raw, out EvidenceCollection? evidence, out _));
        Assert.True(Judge(fetched, evidence).IsAccepted);
        byte[] quote = evidence.CpuEvidence.ToArray();
        byte[] report = evidence.Gpus[0].Report.ToArray();
        byte[] keyset = evidence.Keyset.ToArray();

        // A sample; the drills change every byte.
        foreach (int offset in Offsets(quote.Length))
        {
            Expect(TamperRegion.OfQuote(quote, offset), Judge(fetched, evidence with { CpuEvidence = Tamper.Flip(quote, offset) }), $"quote:{offset}");
        }

        foreach (int offset in Offsets(report.Length))
        {
            Verdict verdict = Judge(fetched, evidence with { Gpus = [evidence.Gpus[0] with { Report = Tamper.Flip(report, offset) }] });
            Expect(TamperRegion.OfGpuReport(offset, report.Length), verdict, $"gpu:{offset}");
        }

        foreach (int offset in Offsets(keyset.Length))
        {
            Expect(TamperRegion.OfKeyset(), Judge(fetched, evidence with { Keyset = Tamper.Flip(keyset, offset) }), $"keyset:{offset}");
        }
    }

    [Fact]
    public async Task Any_byte_of_request_stream_and_receipt_is_refused()
    {
        Answer answer;
        using (VerathosClient client = await VerathosClient.ConnectAsync(_node!.Address, _options, TestContext.Current.CancellationToken))
        {
            answer = await client.CompleteAsync(InferenceRequest.Chat([("user", "What is 2 plus 3?")], temperature: 0, maxTokens: 4), TestContext.Current.CancellationToken);
        }

        TamperRunner runner = new(_node.Address, _options!, _host!, answer);
        int request = _host!.Request.Length;
        int stream = _host.Response.Sum(piece => piece.Length);
        List<Tamper> tampers = [.. Enumerable.Range(0, answer.ReceiptBytes.Length).Select(offset => new Tamper(TamperTarget.Receipt, offset))];
        tampers.AddRange(((int[])[0, 1, 3, 5, 7, 100, 1100, 1126, 1127, 1128, 1129, 1300, request - 20, request - 1]).Select(offset => new Tamper(TamperTarget.Request, offset)));
        tampers.AddRange(((int[])[0, 31, 32, 33, 34, 200, stream / 3, stream / 2, stream - 100, stream - 1]).Select(offset => new Tamper(TamperTarget.Stream, offset)));
        foreach (Tamper tamper in tampers)
        {
            TamperOutcome outcome = await runner.RunAsync(tamper, TestContext.Current.CancellationToken);
            Assert.True(outcome.Passed, $"{tamper}: refused by {outcome.RefusedBy ?? "nobody"}: {outcome.Detail}");
        }
    }

    private Verdict Judge(FetchedEvidence fetched, EvidenceCollection evidence) => EvidenceVerifier.Appraise(
        evidence.Encode(), fetched.Nonce, fetched.RequestedAt, _options!.Policy, _options.TrustAnchors!, fetched.RequestedAt, TimeSource.Verifier).Verdict;

    private static void Expect(TamperRegion region, Verdict verdict, string what)
    {
        Assert.False(verdict.IsAccepted, $"{what} was accepted");
        Assert.True(region.Checks.Contains(verdict.Reason), $"{what} ({region.Name}) fell to {verdict.Reason}, not to {string.Join(" or ", region.Checks)}");
    }

    private static IEnumerable<int> Offsets(int length) =>
        Enumerable.Range(0, length).Where(offset => offset < 48 || offset % 7 == 0 || offset >= length - 8);
}
