using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;
using Verathos.Enclave.Sessions;
using Verathos.Enclave.Tests.Serving;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Ohttp;

namespace Verathos.Enclave.Tests.Sessions;

public sealed class RequestOpenerTests : IAsyncLifetime
{
    private readonly EnclaveOptions _options = new();
    private readonly SecretScope _scope = new();
    private ServedModels _model = null!;
    private KeyRing _ring = null!;
    private LiveKeyset _keyset = null!;

    public ValueTask InitializeAsync()
    {
        _model = new ServedModels([TestNode.TinyModel()], _options, new SimulatedDriver(TestNode.Installation, 0));
        _ring = new KeyRing(_options, new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000)));
        _keyset = _ring.Add(_model);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _scope.Dispose();
        _ring.Dispose();
        return _model.DisposeAsync();
    }

    [Fact]
    public async Task KeysThatAreDestroyedWhileTheyAreUsedLookLikeAnyOtherFailure()
    {
        using RequestOpener opener = new(_ring, _options, _scope);
        _ring.DestroyAll();

        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(async () =>
            await opener.ReadAsync(TestNode.Pieces(Seal(new byte[100])), CancellationToken.None));

        Assert.Equal((EnclaveFailure.Undecryptable, "The request does not decapsulate."), (failure.Failure, failure.Message));
        Assert.Null(failure.InnerException);
    }

    [Fact]
    public async Task EveryPlaceThatTheRequestPassedThroughIsZeroedOnTheWay()
    {
        byte[] content = new byte[3000];
        Array.Fill(content, (byte)'s');
        byte[] inner = new BinaryRequest { Method = "POST", Scheme = "https", Path = "/", Content = content }.Encode();
        using RequestOpener opener = new(_ring, _options, _scope);

        Assert.Null(await opener.ReadAsync(TestNode.Pieces(Seal(inner)), CancellationToken.None));
        Assert.Equal(inner.Length, _scope.Wiped);
        Assert.True(opener.TryParse(out BinaryRequest? request, out SecretBuffer? body));

        Assert.Equal(inner.Length + content.Length, _scope.Wiped);
        Assert.Equal(content, body!.Span.ToArray());
        Assert.True(request!.Content.IsEmpty);
        SecretBuffer message = Assert.Single(_scope.Buffers, buffer => buffer != body);
        Assert.True(message.Backing.All(octet => octet == 0));
    }

    [Fact]
    public async Task ARequestThatEndsAfterAChunkThatIsNotTheLastOpensNothing()
    {
        Assert.True(ChunkedRequestSealer.TryCreate(_keyset.Keyset.KeyConfigs[0], out ChunkedRequestSealer? sealer));
        byte[] cut = [.. sealer.Start(), .. sealer.Seal(new byte[64])];
        using RequestOpener opener = new(_ring, _options, _scope);

        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(async () => await opener.ReadAsync(TestNode.Pieces(cut), CancellationToken.None));

        Assert.Equal(EnclaveFailure.Undecryptable, failure.Failure);
    }

    [Fact]
    public void WhatIsWipedIsZero()
    {
        byte[] secret = [1, 2, 3, 4];

        _scope.Wipe(secret.AsMemory(1, 2));

        Assert.Equal([1, 0, 0, 4], secret);
        Assert.Equal(2, _scope.Wiped);
    }

    private byte[] Seal(byte[] inner)
    {
        Assert.True(ChunkedRequestSealer.TryCreate(_keyset.Keyset.KeyConfigs[0], out ChunkedRequestSealer? sealer));
        return sealer.SealAll(inner);
    }
}
