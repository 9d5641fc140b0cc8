using Microsoft.Extensions.Time.Testing;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Protocol.Hpke;
using Verathos.Simulator;
using Verathos.Testing;

namespace Verathos.Client.Tests.Nodes;

/// <summary>A test node, its clock, and a client that trusts the installation behind it.</summary>
internal sealed class TestBed : IDisposable
{
    private static readonly Lazy<Installation> Shared = new(() => Installation.OpenOrCreate(RunFolder.Path("authorities")));

    // One start for all beds, so that two nodes of one test agree on the time.
    private static readonly DateTimeOffset Start = TimeProvider.System.GetUtcNow();

    public TestBed(params HpkeKem[] kems)
    {
        Node = new TestNode(Shared.Value, Clock, kems);
        Options = new ClientOptions
        {
            Policy = Policy.BuiltIn("simulated"),
            TrustAnchors = Anchors,
            AllowSimulated = true,
            TimeProvider = Clock,
            HttpMessageHandler = Node,
            Ledger = new ReceiptLedger(),
        };
    }

    public static Installation Installation => Shared.Value;

    public static TrustAnchors Anchors =>
        TrustAnchors.TryLoadSimulated(Shared.Value.Roots.Folder, out TrustAnchors? anchors, out string? error) ? anchors! : throw new InvalidOperationException(error);

    public FakeTimeProvider Clock { get; } = new(Start);

    public TestNode Node { get; }

    public ClientOptions Options { get; set; }

    public Uri Address { get; } = new("http://node.test");

    public static InferenceRequest Request() => InferenceRequest.Chat([("user", "hello")], temperature: 0.7, topP: 0.9, topK: 40, maxTokens: 64, seed: 42);

    public Task<VerathosClient> ConnectAsync() => VerathosClient.ConnectAsync(Address, Options);

    /// <summary>Asks once and gives what failed.</summary>
    public async Task<VerathosException> FailureAsync()
    {
        using VerathosClient client = await ConnectAsync();
        return await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(Request()));
    }

    /// <summary>Asks once.</summary>
    public async Task<Answer> AnswerAsync()
    {
        using VerathosClient client = await ConnectAsync();
        return await client.CompleteAsync(Request());
    }

    public void Dispose() => Node.Dispose();
}
