using System.Net.Http;
using System.Net.Sockets;
using Verathos.Host.Demo;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;
using Verathos.Validator.Epochs;
using Verathos.Validator.Proofs;
using Verathos.Validator.State;

namespace Verathos.Validator.Tests.Epochs;

/// <summary>Whole epochs over simulated nodes in this process, some of which cheat.</summary>
public sealed class ValidatorRunTests : IDisposable
{
    private readonly string _root = Path.Combine(Directory.CreateTempSubdirectory("verathos-validator-").FullName, "v");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_root)!, recursive: true);

    [Fact]
    public async Task An_epoch_passes_an_honest_node_catches_a_cheat_and_blames_nobody_for_what_cannot_be_reached()
    {
        await using DemoNode honest = await SimulatedNodes.StartAsync(SimulatedNodes.Honest());
        await using DemoNode cheat = await SimulatedNodes.StartAsync(SimulatedNodes.Rounded());
        ValidatorFolder folder = SimulatedNodes.Folder(_root, [("honest", honest.Address), ("cheat", cheat.Address), ("down", new Uri("http://127.0.0.1:9"))], static c => c with { DeepPpm = 1_000_000 });
        List<string> log = [];
        using (ValidatorServices services = ValidatorServices.Open(folder, TimeProvider.System, null, Cancel))
        {
            await new ValidatorRun(services, log.Add).RunAsync(1, Cancel);
        }

        using ValidatorState state = ValidatorState.OpenReadOnly(folder.StatePath);
        string told = string.Join(Environment.NewLine, log.Concat(state.Canaries(1).Select(static c => $"{c.Node} {c.State} {c.Result} {c.Reason} {c.Detail}")).Concat(state.Audits(1).Select(static a => $"{a.Node} {a.State} {a.Result} {a.Reason} {a.Detail}")));
        NodeRow node = state.Node("honest")!;
        Assert.True(node.Status == NodeStatus.Active, told);
        Assert.NotEmpty(state.Audits(1, node.Id));
        Assert.True(state.Audits(1, node.Id).All(static audit => audit is { State: WorkState.Ended, Result: WorkResult.Passed, Tier: 2 }), told);
        Assert.All(state.Canaries(1, node.Id), static canary => Assert.Equal(WorkResult.Passed, canary.Result));
        Assert.Contains(state.Outcomes(1, node.Id), static outcome => outcome.Test.StartsWith("sketch.", StringComparison.Ordinal));

        node = state.Node("cheat")!;
        Assert.True(node.Status == NodeStatus.Quarantined, told);
        Assert.True(node.StatusReason!.StartsWith("layer.", StringComparison.Ordinal) || node.StatusReason.StartsWith("logits.", StringComparison.Ordinal), told);
        Assert.Equal(0, Assert.Single(state.Scores(1, node.Id)).ScorePpm);

        // Its openings are kept with what it signed, and neither can be changed.
        string proof = File.ReadAllText(Path.Combine(folder.ProofsFolder, state.Events(1, node.Id).First(static happened => happened.Kind == EventKind.Caught).Proof!));
        Assert.True(OpeningProof.TryVerify(System.Text.Encoding.UTF8.GetBytes(proof), out OpeningProof? kept, out string? error), error);
        Assert.Equal(("cheat", true), (kept.Node, kept.Check == node.StatusReason || state.Events(1, node.Id).Any(happened => happened.Reason == kept.Check)));
        byte[] content = [.. kept.Content];
        content[^1] ^= 1;
        Assert.False(OpeningProof.TryVerify(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(kept with { Content = content }, System.Text.Json.JsonSerializerOptions.Web), out _, out error));
        Assert.StartsWith("the statement does not hold", error, StringComparison.Ordinal);

        node = state.Node("down")!;
        Assert.Equal(NodeStatus.Active, node.Status);
        Assert.All(state.Canaries(1, node.Id), static canary => Assert.Equal((WorkResult.Unavailable, "node.unreachable"), (canary.Result, canary.Reason)));

        // What was committed to is what is revealed, and whoever changes a choice is found out.
        string commitment = Convert.ToHexStringLower(state.Epoch(1)!.Commitment);
        Assert.Contains(log, line => line.Contains(commitment, StringComparison.Ordinal));
        string reveal = File.ReadAllText(EpochClose.RevealPath(folder, 1));
        Assert.Empty(AuditReveal.Verify(System.Text.Encoding.UTF8.GetBytes(reveal), commitment));
        Assert.NotEmpty(AuditReveal.Verify(System.Text.Encoding.UTF8.GetBytes(reveal), new string('0', 64)));
        Assert.NotEmpty(AuditReveal.Verify(System.Text.Encoding.UTF8.GetBytes(reveal.Replace("\"chosen\": true", "\"chosen\": false", StringComparison.Ordinal)), commitment));
        Assert.NotEmpty(AuditReveal.Verify(System.Text.Encoding.UTF8.GetBytes(reveal.Replace("\"audited\": true", "\"audited\": false", StringComparison.Ordinal)), commitment));

        // A key serves one epoch.
        Assert.Empty(Directory.EnumerateFiles(folder.KeysFolder));
    }

    [Fact]
    public async Task Openings_that_are_never_shown_use_up_a_budget_and_then_catch_the_node()
    {
        await using DemoNode node = await SimulatedNodes.StartAsync(SimulatedNodes.Honest());
        ValidatorFolder folder = SimulatedNodes.Folder(_root, [("a", node.Address)], static c => c with { EpochSeconds = 2, AuditWindowSeconds = 20, Parallel = 1, LostOpenings = new LostOpeningConfiguration(1, 5) });
        await RunAsync(folder, SocketError.ConnectionRefused);
        using ValidatorState state = ValidatorState.OpenReadOnly(folder.StatePath);
        Assert.Equal([WorkResult.Lost, WorkResult.Failed, WorkResult.Failed], state.Audits(1).OrderBy(static audit => audit.EndedAt).Select(static audit => audit.Result));
        Assert.Equal((NodeStatus.Quarantined, "opening.lost"), (state.Node("a")!.Status, state.Node("a")!.StatusReason));
    }

    [Fact]
    public async Task Openings_that_this_validators_network_loses_are_nobodys_fault()
    {
        await using DemoNode node = await SimulatedNodes.StartAsync(SimulatedNodes.Honest());
        ValidatorFolder folder = SimulatedNodes.Folder(_root, [("a", node.Address)], static c => c with { EpochSeconds = 2, AuditWindowSeconds = 20, Parallel = 1, LostOpenings = new LostOpeningConfiguration(0, 1) });
        await RunAsync(folder, SocketError.NetworkUnreachable);
        using ValidatorState state = ValidatorState.OpenReadOnly(folder.StatePath);
        Assert.All(state.Audits(1), static audit => Assert.Equal((WorkResult.ValidatorError, "validator.network"), (audit.Result, audit.Reason)));
        Assert.Equal(NodeStatus.Active, state.Node("a")!.Status);
        Assert.Equal(0, state.Node("a")!.Evidence.SumMicro);
    }

    [Fact]
    public async Task A_dry_run_says_within_a_factor_of_two_what_an_epoch_takes()
    {
        await using DemoNode node = await SimulatedNodes.StartAsync(SimulatedNodes.Honest());
        ValidatorFolder folder = SimulatedNodes.Folder(_root, [("a", node.Address)], static c => c with { EpochSeconds = 2, AuditWindowSeconds = 2, CanariesPerNode = 12, DeepPpm = 1_000_000 });
        using CountingHandler counter = new();
        using ValidatorServices services = ValidatorServices.Open(folder, TimeProvider.System, counter, Cancel);
        await new ValidatorRun(services, static _ => { }).RunAsync(1, Cancel);
        CanaryRow[] canaries = [.. services.State.Canaries(1).Where(static canary => canary.Result == WorkResult.Passed)];
        CanaryExpectation average = new((int)canaries.Average(static canary => canary.PromptTokens), (int)canaries.Average(static canary => canary.OutputTokens));
        EpochCost cost = EpochCost.Of(folder.Configuration with { CanariesPerNode = canaries.Length }, [1_000_000], 0, average, services.Models.Models[0].Constants);
        string told = $"estimated {cost.BytesSent} and {cost.BytesReceived}, counted {counter.Sent} and {counter.Received}; {canaries.Length} canaries of {average}; {counter.Evidence} of evidence";
        TestContext.Current.TestOutputHelper?.WriteLine(told);
        Assert.True(cost.BytesSent < 2 * counter.Sent && counter.Sent < 2 * cost.BytesSent, told);
        Assert.True(cost.BytesReceived < 2 * counter.Received && counter.Received < 2 * cost.BytesReceived, told);
    }

    // Every connection fails while an audit is under way, which nothing else is then.
    private static async Task RunAsync(ValidatorFolder folder, SocketError error)
    {
        using FaultyHandler handler = new();
        using ValidatorServices services = ValidatorServices.Open(folder, TimeProvider.System, handler, Cancel);
        handler.Error = () => services.State.Audits(1).Any(static audit => audit.State == WorkState.Begun) ? error : null;
        await new ValidatorRun(services, static _ => { }).RunAsync(1, Cancel);
    }

    private sealed class FaultyHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        public Func<SocketError?>? Error { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Error?.Invoke() is { } error ? throw new HttpRequestException("no connection", new SocketException((int)error)) : base.SendAsync(request, cancellationToken);
    }

    // Counts bodies and leaves the rest to the ordinary handler.
    private sealed class CountingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        public long Sent;
        public long Received;
        public long Evidence;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content is { } sent)
            {
                await sent.LoadIntoBufferAsync(cancellationToken);
                Interlocked.Add(ref Sent, sent.Headers.ContentLength ?? 0);
            }

            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            Interlocked.Add(ref Received, body.Length);
            Interlocked.Add(ref Evidence, request.Method == HttpMethod.Get ? body.Length : 0);
            ByteArrayContent content = new(body);
            foreach ((string name, IEnumerable<string> values) in response.Content.Headers)
            {
                content.Headers.TryAddWithoutValidation(name, values);
            }

            response.Content = content;
            return response;
        }
    }
}
