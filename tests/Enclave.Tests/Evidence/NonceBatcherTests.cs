using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Verathos.Attestation.Binding;
using Verathos.Enclave.Evidence;

namespace Verathos.Enclave.Tests.Evidence;

public sealed class NonceBatcherTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<NonceBatch> _minted = [];

    [Fact]
    public async Task ALoneNonceDoesNotWait()
    {
        NonceBatcher batcher = Batcher(Task.CompletedTask);

        byte[] evidence = await batcher.GetAsync(Nonce(1), default).WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([0, 1], evidence);
        Assert.Equal(1, Assert.Single(_minted).Count);
    }

    [Fact]
    public async Task NoncesThatComeDuringAQuoteShareTheNext()
    {
        TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        NonceBatcher batcher = Batcher(first.Task);
        Task<byte[]> alone = batcher.GetAsync(Nonce(0), default);
        await WaitUntil(() => _minted.Count == 1);
        Task<byte[]>[] others = [.. Enumerable.Range(1, 20).Select(i => batcher.GetAsync(Nonce(i), default))];

        first.SetResult();
        await alone.WaitAsync(TimeSpan.FromSeconds(10));
        byte[][] answers = await Task.WhenAll(others).WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([1, 20], _minted.Select(batch => batch.Count));
        for (int i = 0; i < others.Length; i++)
        {
            Assert.Equal([i, 20], answers[i].Select(value => (int)value));
            Assert.True(NonceBatch.Verify(Nonce(i + 1), _minted[1].Prove(i), _minted[1].Root));
        }
    }

    [Fact]
    public async Task AfterASlowQuoteNoncesGatherForTheWindow()
    {
        TaskCompletionSource slow = new(TaskCreationOptions.RunContinuationsAsynchronously);
        NonceBatcher batcher = Batcher(slow.Task);
        Task<byte[]> first = batcher.GetAsync(Nonce(0), default);
        await WaitUntil(() => _minted.Count == 1);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        slow.SetResult();
        await first.WaitAsync(TimeSpan.FromSeconds(10));

        // The quote took 100 ms, so the window is 400 ms from its begin: 300 ms are left.
        Task<byte[]> second = batcher.GetAsync(Nonce(1), default);
        Task<byte[]> third = batcher.GetAsync(Nonce(2), default);
        _time.Advance(TimeSpan.FromMilliseconds(299));
        Assert.False(second.IsCompleted);
        await WaitUntil(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            return second.IsCompleted && third.IsCompleted;
        });

        Assert.Equal([1, 2], _minted.Select(batch => batch.Count));
    }

    [Fact]
    public async Task TheWindowHasALimit()
    {
        TaskCompletionSource slow = new(TaskCreationOptions.RunContinuationsAsynchronously);
        NonceBatcher batcher = Batcher(slow.Task);
        Task<byte[]> first = batcher.GetAsync(Nonce(0), default);
        await WaitUntil(() => _minted.Count == 1);
        _time.Advance(TimeSpan.FromSeconds(30));
        slow.SetResult();
        await first.WaitAsync(TimeSpan.FromSeconds(10));

        // 30 s ago is longer than the one second at most: nothing is left to wait for.
        await batcher.GetAsync(Nonce(1), default).WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task TooManyWaitingAreRefused()
    {
        TaskCompletionSource never = new();
        NonceBatcher batcher = Batcher(never.Task, maxPending: 2);
        _ = batcher.GetAsync(Nonce(0), default);
        await WaitUntil(() => _minted.Count == 1);
        _ = batcher.GetAsync(Nonce(1), default);
        _ = batcher.GetAsync(Nonce(2), default);

        EnclaveException refused = await Assert.ThrowsAsync<EnclaveException>(() => batcher.GetAsync(Nonce(3), default).WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(EnclaveFailure.Overloaded, refused.Failure);
        never.SetResult();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public async Task ANonceOfAnotherLengthIsRefused(int length)
    {
        EnclaveException refused = await Assert.ThrowsAsync<EnclaveException>(() => Batcher(Task.CompletedTask).GetAsync(new byte[length], default));

        Assert.Equal(EnclaveFailure.InvalidArgument, refused.Failure);
    }

    [Fact]
    public async Task APlatformThatFailsOnceServesTheNextNonce()
    {
        int calls = 0;
        NonceBatcher batcher = new(
            (batch, _) => ++calls == 1 ? throw new InvalidOperationException("no quote") : Task.FromResult<Func<int, byte[]>>(index => [(byte)index]),
            _time, TimeSpan.Zero, 8, default);

        await Assert.ThrowsAsync<EnclaveException>(() => batcher.GetAsync(Nonce(1), default));
        Assert.Equal([0], await batcher.GetAsync(Nonce(2), default).WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task WhoeverWaitsWhenTheEnclaveStopsIsToldSo()
    {
        using CancellationTokenSource stopping = new();
        NonceBatcher batcher = new(
            async (batch, stop) =>
            {
                await Task.Delay(Timeout.Infinite, stop);
                return index => [(byte)index];
            },
            _time, TimeSpan.Zero, 8, stopping.Token);
        Task<byte[]> waiting = batcher.GetAsync(Nonce(1), default);

        await stopping.CancelAsync();

        EnclaveException told = await Assert.ThrowsAsync<EnclaveException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(EnclaveFailure.Unavailable, told.Failure);
    }

    [Fact]
    public async Task OneQuoteCoversAtMost4096Nonces()
    {
        TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        NonceBatcher batcher = Batcher(first.Task, maxPending: 5000);
        Task<byte[]> alone = batcher.GetAsync(Nonce(0), default);
        await WaitUntil(() => _minted.Count == 1);
        Task<byte[]>[] many = [.. Enumerable.Range(0, 4097).Select(i => batcher.GetAsync(SHA256.HashData(BitConverter.GetBytes(i)), default))];

        first.SetResult();
        await alone.WaitAsync(TimeSpan.FromSeconds(10));
        await Task.WhenAll(many).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal([1, 4096, 1], _minted.Select(batch => batch.Count));
    }

    [Fact]
    public async Task TheCallersBufferMayChangeAfterTheCall()
    {
        TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        NonceBatcher batcher = Batcher(first.Task);
        Task<byte[]> blocking = batcher.GetAsync(Nonce(0), default);
        await WaitUntil(() => _minted.Count == 1);
        byte[] buffer = Nonce(1);
        Task<byte[]> second = batcher.GetAsync(buffer, default);
        buffer[0] ^= 1;
        first.SetResult();
        await blocking.WaitAsync(TimeSpan.FromSeconds(10));
        await second.WaitAsync(TimeSpan.FromSeconds(10));

        Assert.True(NonceBatch.Verify(Nonce(1), _minted[1].Prove(0), _minted[1].Root));
    }

    private static byte[] Nonce(int number) => SHA256.HashData([(byte)number]);

    private static async Task WaitUntil(Func<bool> holds)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(10));
        while (!holds())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private NonceBatcher Batcher(Task firstQuote, int maxPending = 100) => new(
        async (batch, _) =>
        {
            bool first;
            lock (_minted)
            {
                first = _minted.Count == 0;
                _minted.Add(batch);
            }

            if (first)
            {
                await firstQuote;
            }

            return index => [(byte)index, (byte)batch.Count];
        },
        _time,
        TimeSpan.FromSeconds(1),
        maxPending,
        default);
}
