using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;
using Verathos.Enclave.Sessions;
using Verathos.Enclave.Tests.Serving;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;

namespace Verathos.Enclave.Tests.Keys;

/// <summary>The ring and its keysets alone, without a core that asks them in its own order.</summary>
public sealed class KeyRingTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
    private readonly EnclaveOptions _options = new() { ReplayCapacity = 4 };
    private ServedModels _model = null!;
    private KeyRing _ring = null!;

    public ValueTask InitializeAsync()
    {
        _model = new ServedModels([TestNode.TinyModel()], _options, new SimulatedDriver(TestNode.Installation, 0));
        _ring = new KeyRing(_options, _time);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _ring.Dispose();
        return _model.DisposeAsync();
    }

    [Fact]
    public void WhoeverAsksForThePrivateKeysGetsNoneThatHasReachedItsEnd()
    {
        _ring.Add(_model);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Empty(_ring.PrivateKeys);
    }

    [Fact]
    public void WhoeverLooksForAKeysetFindsNoneThatHasReachedItsEnd()
    {
        LiveKeyset keyset = _ring.Add(_model);
        byte id = keyset.Keyset.KeyConfigs[0].KeyId;
        Assert.True(_ring.TryFind(id, out _));
        _time.Advance(TimeSpan.FromHours(1));

        Assert.False(_ring.TryFind(id, out _));
        Assert.True(keyset.Ended.IsCancellationRequested);
    }

    [Fact]
    public void AKeysetThatHasReachedItsEndNeedsASuccessor()
    {
        LiveKeyset keyset = _ring.Add(_model);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.True(_ring.NeedsSuccessor);
        Assert.True(keyset.Ended.IsCancellationRequested);
    }

    [Fact]
    public void TheTimerDestroysWhatHasReachedItsEnd()
    {
        LiveKeyset keyset = _ring.Add(_model);
        _time.Advance(TimeSpan.FromHours(1));

        _ring.DestroyExpired();

        Assert.True(keyset.Ended.IsCancellationRequested);
    }

    [Fact]
    public void ThreeKeysetsThatAreInUseNeedNoFourth()
    {
        for (int i = 0; i < KeyRing.MaxLive; i++)
        {
            LiveKeyset keyset = _ring.Add(_model);
            keyset.Begin();
            Fill(keyset);
        }

        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.False(_ring.NeedsSuccessor);
    }

    [Fact]
    public void TheCurrentKeysetIsNotGivenUpForRoom()
    {
        for (int i = 0; i < KeyRing.MaxLive; i++)
        {
            LiveKeyset keyset = _ring.Add(_model);
            if (i < KeyRing.MaxLive - 1)
            {
                keyset.Begin();
            }

            Fill(keyset);
        }

        LiveKeyset current = _ring.Current!;
        _time.Advance(TimeSpan.FromSeconds(31));
        _ring.DestroyExpired();

        Assert.Same(current, _ring.Current);
        Assert.False(current.Ended.IsCancellationRequested);
    }

    [Fact]
    public void ADestroyedKeysetSignsNothing()
    {
        LiveKeyset keyset = _ring.Add(_model);
        _ring.DestroyAll();

        Assert.All<Action>(
            [() => keyset.Sign((Acceptance)null!), () => keyset.Sign((Checkpoint)null!), () => keyset.Sign((OpeningStatement)null!), () => keyset.Sign(null!, out _)],
            sign => Assert.Equal(EnclaveFailure.KeysetExpired, Assert.Throws<EnclaveException>(sign).Failure));
    }

    [Fact]
    public void ADestroyedKeysetOpensNothing()
    {
        LiveKeyset keyset = _ring.Add(_model);
        Assert.All(keyset.Keyset.KeyConfigs, config =>
        {
            Assert.True(ChunkedRequestSealer.TryCreate(config, out ChunkedRequestSealer? sealer));
            byte[] request = sealer.SealAll("x"u8);
            using ChunkedRequestOpener before = new(keyset.PrivateKeys, 4096);
            Assert.Equal(OhttpError.None, before.Feed(request));
        });
        IReadOnlyCollection<OhttpPrivateKey> kept = keyset.PrivateKeys;

        _ring.DestroyAll();

        Assert.All(keyset.Keyset.KeyConfigs, config =>
        {
            Assert.True(ChunkedRequestSealer.TryCreate(config, out ChunkedRequestSealer? sealer));
            byte[] request = sealer.SealAll("x"u8);
            using ChunkedRequestOpener after = new(kept, 4096);
            Assert.Throws<ObjectDisposedException>(() => after.Feed(request));
        });
    }

    [Theory]
    [InlineData(47)]
    [InlineData(49)]
    public void WhatIsNoBindingIsRefused(int length)
    {
        LiveKeyset keyset = _ring.Add(_model);

        Assert.Throws<ArgumentOutOfRangeException>(() => keyset.Bindings.Add(new byte[length]));
        Assert.Throws<ArgumentOutOfRangeException>(() => keyset.Bindings.Contains(new byte[length]));
    }

    [Fact]
    public async Task ASessionThatWorksIsWipedWhenItRests()
    {
        LiveKeyset keyset = _ring.Add(_model);
        int wiped = 0;
        await using KeysetEnd end = new(_ring);
        end.Watch(keyset, () => wiped++);

        _ring.DestroyAll();
        Assert.Equal((true, 0), (end.HasCome, wiped));
        end.Rest();

        Assert.Equal(1, wiped);
        Assert.False(end.TryWork());
    }

    [Fact]
    public async Task ASessionThatRestsIsWipedAtOnceAndOnlyOnce()
    {
        LiveKeyset keyset = _ring.Add(_model);
        int wiped = 0;
        await using KeysetEnd end = new(_ring);
        end.Watch(keyset, () => wiped++);
        end.Rest();
        Assert.True(end.TryWork());
        end.Rest();

        _ring.DestroyAll();
        Assert.Equal(1, wiped);
        end.Rest();

        Assert.Equal(1, wiped);
        Assert.False(end.TryWork());
    }

    [Fact]
    public async Task ASessionCountsAsLongAsItIsThere()
    {
        LiveKeyset keyset = _ring.Add(_model);
        KeysetEnd end = new(_ring);
        Assert.Equal(0, keyset.Answers);
        end.Watch(keyset, static () => { });
        Assert.Equal(1, keyset.Answers);

        await end.DisposeAsync();

        Assert.Equal(0, keyset.Answers);
    }

    private static void Fill(LiveKeyset keyset)
    {
        for (byte i = 0; i < 4; i++)
        {
            keyset.Replays.Record(SHA256.HashData([i]));
        }
    }
}
