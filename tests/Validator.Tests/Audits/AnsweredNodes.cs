using Verathos.Client;
using Verathos.Client.Openings;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Fingerprint.Limits;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Commands;
using Verathos.Host.Demo;
using Verathos.Protocol.Openings;
using Verathos.Validator.Audits;
using Verathos.Validator.Keys;
using Verathos.Validator.Tests.Epochs;

namespace Verathos.Validator.Tests.Audits;

/// <summary>One answer each of an honest node and of one with weights of four bits, with all that both open of it; and keys of epoch 1.</summary>
public sealed class AnsweredNodes : IAsyncLifetime
{
    private readonly List<IDisposable> _clients = [];
    private readonly List<DemoNode> _nodes = [];

    public static byte[] Owner { get; } = [.. Enumerable.Repeat((byte)3, 32)];

    internal static byte[] Canary { get; } = new byte[16];

    internal string Folder { get; } = Directory.CreateTempSubdirectory("verathos-audits-").FullName;

    internal ModelShelf Models { get; private set; } = null!;

    internal Opened Honest { get; private set; } = null!;

    internal Opened Cheat { get; private set; } = null!;

    internal static LimitTable Limits { get; } = SimulatedNodes.Limits();

    public async ValueTask InitializeAsync()
    {
        Models = ModelShelf.Load([SimulatedNodes.ModelPath], 1, CancellationToken.None);
        Models.Use(SimulatedNodes.Root, model => KeyRing.Make(model, Folder, 1, Owner));
        Honest = await OpenAsync(SimulatedNodes.Honest());
        Cheat = await OpenAsync(SimulatedNodes.Rounded(7));
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(static client => client.Dispose());
        foreach (DemoNode node in _nodes)
        {
            await node.DisposeAsync();
        }

        Models.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task<Opened> OpenAsync(LoadedModel model)
    {
        DemoNode node = await SimulatedNodes.StartAsync(model);
        _nodes.Add(node);
        VerathosClient client = await VerathosClient.ConnectAsync(node.Address, TrustArguments.Simulated() with { KeepTickets = true }, CancellationToken.None);
        _clients.Add(client);
        Answer answer = await client.CompleteAsync(InferenceRequest.Chat([("user", "Tell me of the sea.")], temperature: 0, maxTokens: 40, seed: 1), CancellationToken.None);
        AuditTicket ticket = answer.Ticket!;
        AuditTicket other = (await client.CompleteAsync(InferenceRequest.Chat([("user", "And of trees?")], temperature: 0, maxTokens: 40, seed: 1), CancellationToken.None)).Ticket!;
        OpeningAnswer openings = await client.Session.OpenAsync(ticket, OpeningAsk.Openings(0, 2), CancellationToken.None);
        (IReadOnlyList<ReadOnlyMemory<byte>> toploc, IReadOnlyList<ReadOnlyMemory<byte>> sketches) = (await client.Session.OpenAsync(ticket, OpeningAsk.Chunks, CancellationToken.None)).Chunks();
        return new Opened(
            client.Session, ticket, other, answer,
            new AuditedAnswer
            {
                Receipt = ticket.Receipt,
                Ids = ticket.Ids(),
                PromptTokens = ticket.PromptTokens,
                ManifestRoot = SimulatedNodes.Root,
                AuditSecret = ticket.AuditSecret.ToArray(),
                ReceiptSecret = ticket.Transcript.ReceiptSecret,
            },
            [.. openings.Openings().Select(static o => (o.Layer, o.Logits))],
            [.. toploc.Select(static proof => proof.ToArray())], [.. sketches.Select(static sketch => sketch.ToArray())]);
    }

    internal sealed record Opened(
        Session Session, AuditTicket Ticket, AuditTicket Other, Answer Answer, AuditedAnswer Audited, IReadOnlyList<(ReadOnlyMemory<byte> Layer, ReadOnlyMemory<byte> Logits)> Openings,
        IReadOnlyList<byte[]> Toploc, IReadOnlyList<byte[]> Sketches);
}
