using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Verathos.Attestation.Binding;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;
using Verathos.Enclave.Sessions;
using Verathos.Enclave.Tests.Serving;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Tests.Sessions;

/// <summary>A session whose keyset or client goes at the worst moment, stepped by hand.</summary>
public sealed class SessionTests : IAsyncLifetime
{
    private readonly EnclaveOptions _options = new();
    private readonly EnclaveMetrics _metrics = new();
    private readonly SecretScope _scope = new();
    private readonly HookedTime _time = new();
    private readonly StringBuilder _content = new();
    private ServedModels _model = null!;
    private KeyRing _ring = null!;
    private ResponseStreamOpener _answer = null!;
    private int _status;
    private bool _hasReceipt;

    public ValueTask InitializeAsync()
    {
        _model = new ServedModels([TestNode.TinyModel()], _options, new SimulatedDriver(TestNode.Installation, 0));
        _ring = new KeyRing(_options, new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000)));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _answer?.Dispose();
        _ring.Dispose();
        return _model.DisposeAsync();
    }

    [Fact]
    public async Task AKeysetThatEndsWhileTheAcceptanceIsSignedGivesAWholeRefusal()
    {
        await using Session session = await OpenAsync(tokens: 4, CancellationToken.None);
        _time.Next = _ring.DestroyAll;

        await ReadAsync(session);

        Assert.Equal((409, false), (_status, _hasReceipt));
        Assert.Contains("keyset_retiring", _content.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeysetThatEndsWhileACheckpointIsSignedEndsTheStream()
    {
        await using Session session = await OpenAsync(tokens: 80, CancellationToken.None);
        for (int piece = 0; piece < 33; piece++)
        {
            await TakeAsync(session);
        }

        _time.Next = _ring.DestroyAll;
        await ReadAsync(session);

        Assert.Equal((200, false, 1), (_status, _hasReceipt, _metrics.Abandoned));
        Assert.Contains("keyset_ended", _content.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeysetThatEndsWhileTheReceiptIsSignedLeavesTheStreamWithoutOne()
    {
        await using Session session = await OpenAsync(tokens: 4, CancellationToken.None);
        for (int piece = 0; piece < 5; piece++)
        {
            await TakeAsync(session);
        }

        Assert.Contains("[DONE]", _content.ToString(), StringComparison.Ordinal);
        _time.Next = _ring.DestroyAll;
        await ReadAsync(session);

        Assert.Equal((200, false, 1, 0), (_status, _hasReceipt, _metrics.Abandoned, _metrics.Receipts));
    }

    [Fact]
    public async Task TokensThatAreDrawnAlreadyDoNotGoToAClientThatHasLeft()
    {
        using CancellationTokenSource client = new();
        await using Session session = await OpenAsync(tokens: 10, client.Token);
        await TakeAsync(session);
        await TakeAsync(session);
        await Waiting.UntilAsync(() => Task.FromResult(_model.Default.Engine.ActiveSequences == 0));

        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await session.NextAsync());
    }

    [Fact]
    public async Task TheBodyIsGoneAsSoonAsItWasRead()
    {
        await using Session session = await OpenAsync(tokens: 4, CancellationToken.None);

        SecretBuffer body = _scope.Buffers[1];
        Assert.Equal(0, body.Length);
        Assert.True(body.Backing.All(octet => octet == 0));
        Assert.Contains(_scope.Ids[0].Backing, id => id != 0);
    }

    private async Task<Session> OpenAsync(int tokens, CancellationToken cancellationToken)
    {
        LiveKeyset keyset = _ring.Add(_model);
        byte[] binding = RandomNumberGenerator.GetBytes(BindingInput.Length);
        keyset.Bindings.Add(binding);
        BinaryRequest inner = new()
        {
            Method = "POST",
            Scheme = "https",
            Path = VerathosPaths.Completions,
            Fields =
            [
                new BhttpField(VerathosHeaders.Binding, Convert.ToHexStringLower(binding)),
                new BhttpField(VerathosHeaders.ClientNonce, new string('1', 64)),
                new BhttpField(VerathosHeaders.AuditCommitment, new string('2', 64)),
            ],
            Content = Encoding.UTF8.GetBytes($$"""{"model":"tiny","prompt":[1,2,3],"max_tokens":{{tokens}}}"""),
        };
        Assert.True(ChunkedRequestSealer.TryCreate(keyset.Keyset.KeyConfigs[0], out ChunkedRequestSealer? sealer));
        byte[] request = sealer.SealAll(inner.Encode());
        _answer = new ResponseStreamOpener(sealer.CreateResponseOpener());
        Session session = new(_ring, new SessionContext(_options, _metrics, true, _time, null), _scope);
        await session.OpenAsync(TestNode.Pieces(request), cancellationToken);
        return session;
    }

    private async Task ReadAsync(Session session)
    {
        while (await TakeAsync(session))
        {
        }

        Assert.Equal(ExchangeError.None, _answer.Complete());
        Drain();
    }

    private async Task<bool> TakeAsync(Session session)
    {
        if (await session.NextAsync() is not { } piece)
        {
            return false;
        }

        Assert.Equal(ExchangeError.None, _answer.Feed(piece));
        Drain();
        return true;
    }

    private void Drain()
    {
        while (_answer.TryRead(out ResponsePart part))
        {
            _status = part.Kind == BhttpPartKind.Head ? part.Status : _status;
            _hasReceipt |= part.Kind == BhttpPartKind.End && BhttpFields.Single(part.Fields, VerathosHeaders.Receipt) is not null;
            if (part.Kind == BhttpPartKind.Content)
            {
                _content.Append(Encoding.UTF8.GetString(part.Content.Span));
            }
        }
    }

    /// <summary>The host's clock: whoever owns it knows the moment at which it is asked.</summary>
    private sealed class HookedTime : TimeProvider
    {
        public Action? Next { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            Call();
            return DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
        }

        public override long GetTimestamp()
        {
            Call();
            return 0;
        }

        private void Call()
        {
            Action? next = Next;
            Next = null;
            next?.Invoke();
        }
    }
}
