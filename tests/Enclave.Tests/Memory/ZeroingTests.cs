using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave.Memory;
using Verathos.Enclave.OpenAi;
using Verathos.Enclave.Tests.Serving;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Tests.Memory;

public sealed class ZeroingTests
{
    [Fact]
    public async Task NothingThatAFinishedRequestHeldIsLeft()
    {
        await using TestNode node = await TestNode.StartAsync();
        Watch watch = new(node);
        TestAnswer answer = await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":300,\"stop\":\"never said\""));

        answer.AssertProved();
        watch.AssertZero(buffers: 5, lists: 2);
        Assert.All(watch.HeldText, text => Assert.True(text.All(character => character == 0)));
        Assert.Single(watch.HeldText);
    }

    [Fact]
    public async Task NothingIsLeftWhenTheClientLeaves()
    {
        await using TestNode node = await TestNode.StartAsync();
        Watch watch = new(node);
        TestRequest request = TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":200");
        using CancellationTokenSource client = new();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            int pieces = 0;
            await foreach (ReadOnlyMemory<byte> piece in node.Core.HandleAsync(TestNode.Pieces(request.Bytes), client.Token))
            {
                if (++pieces == 4)
                {
                    Assert.True(watch.HoldsSomething);
                    await client.CancelAsync();
                }
            }
        });

        watch.AssertZero(buffers: 5, lists: 2);
        EnclaveStatus status = await node.Core.GetStatusAsync();
        Assert.Equal((0, 1, 0), (status.Counters.Active, status.Counters.Abandoned, status.Counters.Receipts));
        (await node.SendAsync(TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public async Task AHostThatStopsAskingKeepsNothingInsideBeyondTheKeyset()
    {
        FakeTimeProvider time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using TestNode node = await TestNode.StartAsync(time: time);
        Watch watch = new(node);
        TestRequest request = TestNode.Chat(await node.AttestAsync(), "\"max_tokens\":200");
        TestAnswer answer = new(request);
        int pieces = 0;
        await foreach (ReadOnlyMemory<byte> piece in node.Core.HandleAsync(TestNode.Pieces(request.Bytes)))
        {
            answer.Feed(piece.Span);
            if (++pieces == 4)
            {
                Assert.True(watch.HoldsSomething);
                time.Advance(TimeSpan.FromHours(1));
                _ = await node.Core.GetStatusAsync();
                watch.AssertZero(buffers: 5, lists: 2);
            }
        }

        answer.Complete();
        Assert.Equal("keyset_ended", answer.ErrorCode);
    }

    [Fact]
    public async Task NothingIsLeftOfARefusedRequest()
    {
        await using TestNode node = await TestNode.StartAsync();
        Watch watch = new(node);
        TestEvidence evidence = await node.AttestAsync();

        await node.SendAsync(TestNode.Seal(evidence, VerathosPaths.Completions, """{"model":"tiny","prompt":"secret","n":2}"""));
        watch.AssertZero(buffers: 2, lists: 0);
    }

    [Fact]
    public async Task NothingIsLeftOfAHalfSentRequest()
    {
        await using TestNode node = await TestNode.StartAsync();
        Watch watch = new(node);
        TestRequest request = TestNode.Chat(await node.AttestAsync(), content: new string('s', 100));

        await Assert.ThrowsAsync<EnclaveException>(() => node.SendAsync(request with { Bytes = request.Bytes[..^3] }));
        watch.AssertZero(buffers: 1, lists: 0);
    }

    [Fact]
    public async Task AHalfSentRequestEndsWithItsKeyset()
    {
        FakeTimeProvider time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using TestNode node = await TestNode.StartAsync(time: time);
        Watch watch = new(node);
        TestRequest request = TestNode.Chat(await node.AttestAsync(), content: new string('s', 100));
        TaskCompletionSource waits = new();
        await using IAsyncEnumerator<ReadOnlyMemory<byte>> answer = node.Core.HandleAsync(Stalls(request.Bytes, waits)).GetAsyncEnumerator();
        Task<bool> first = answer.MoveNextAsync().AsTask();
        await waits.Task;

        time.Advance(TimeSpan.FromHours(1));
        _ = await node.Core.GetStatusAsync();

        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(() => first.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(EnclaveFailure.Undecryptable, failure.Failure);
        watch.AssertZero(buffers: 1, lists: 0);
    }

    [Fact]
    public async Task NoFailureOfTheHostsOwnReadingRepeatsThePrompt()
    {
        await using TestNode node = await TestNode.StartAsync();
        TestRequest request = TestNode.Chat(await node.AttestAsync(), content: "tulip-canary");

        InvalidOperationException own = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (ReadOnlyMemory<byte> piece in node.Core.HandleAsync(BreaksOff(request.Bytes)))
            {
            }
        });

        Assert.Equal("the connection broke", own.Message);
        Assert.DoesNotContain("tulip", own.ToString(), StringComparison.Ordinal);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Stalls(byte[] bytes, TaskCompletionSource waits, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return bytes.AsMemory(0, bytes.Length - 1);
        waits.SetResult();
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> BreaksOff(byte[] bytes)
    {
        await Task.Yield();
        yield return bytes.AsMemory(0, bytes.Length - 1);
        throw new InvalidOperationException("the connection broke");
    }

    /// <summary>Keeps hold of what a session owned.</summary>
    private sealed class Watch
    {
        private readonly List<SecretScope> _scopes = [];

        public Watch(TestNode node) => node.Core.ScopeFactory = () =>
        {
            SecretScope scope = new();
            _scopes.Add(scope);
            return scope;
        };

        public IEnumerable<char[]> HeldText => _scopes.SelectMany(scope => scope.Others).OfType<StopFilter>().Select(filter => filter.Backing);

        public bool HoldsSomething => _scopes.Any(scope =>
            scope.Buffers.Any(buffer => buffer.Backing.Any(octet => octet != 0)) && scope.Ids.Any(ids => ids.Backing.Any(id => id != 0)));

        public void AssertZero(int buffers, int lists)
        {
            SecretScope scope = Assert.Single(_scopes);
            Assert.Equal((buffers, lists), (scope.Buffers.Count, scope.Ids.Count));
            Assert.All(scope.Buffers, buffer => Assert.True(buffer.Backing.All(octet => octet == 0), Encoding.UTF8.GetString(buffer.Backing)));
            Assert.All(scope.Ids, ids => Assert.All(ids.Backing, id => Assert.Equal(0, id)));
        }
    }
}
