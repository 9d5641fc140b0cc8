using Verathos.Enclave.Platform;
using Verathos.Enclave.Tests.Serving;
using Verathos.Protocol.Exchange;

namespace Verathos.Enclave.Tests.Remote;

public sealed class RemoteEnclaveTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("verathos-socket-");

    private string Socket => Path.Combine(_folder.FullName, "enclave.sock");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task ASealedChatCrossesTheSocket()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { Topology = EnclaveTopology.Split });
        await using EnclaveHost host = await EnclaveHost.ListenAsync(node.Core, Socket);
        await using GrpcEnclave enclave = GrpcEnclave.Connect(Socket);
        TestEvidence evidence = await TestNode.AttestAsync(enclave);

        TestAnswer answer = await TestNode.SendAsync(enclave, TestNode.Chat(evidence, "\"max_tokens\":12"));

        answer.AssertProved();
        Assert.Equal(12, answer.OutputIds.Length);
        Assert.Equal(evidence.Keyset.OhttpKeys.ToArray(), await enclave.GetOhttpKeysAsync());
    }

    [Fact]
    public async Task TheStatusCrossesWhole()
    {
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { Topology = EnclaveTopology.Split });
        await using EnclaveHost host = await EnclaveHost.ListenAsync(node.Core, Socket);
        await using GrpcEnclave enclave = GrpcEnclave.Connect(Socket);
        TestEvidence evidence = await TestNode.AttestAsync(enclave);
        await TestNode.SendAsync(enclave, TestNode.Chat(evidence, "\"max_tokens\":3"));

        EnclaveStatus near = await node.Core.GetStatusAsync();
        EnclaveStatus far = await enclave.GetStatusAsync();

        Assert.Equal(near.Counters, far.Counters);
        Assert.Equal(near.ManifestRoot.ToArray(), far.ManifestRoot.ToArray());
        Assert.Equal(near.KeysetDigest.ToArray(), far.KeysetDigest.ToArray());
        Assert.Equal(
            near.Models.Select(static model => (Convert.ToHexString(model.ManifestRoot.Span), model with { ManifestRoot = default })),
            far.Models.Select(static model => (Convert.ToHexString(model.ManifestRoot.Span), model with { ManifestRoot = default })));
        Assert.Equal(3, near.Models[0].OutputTokens);
        Assert.Equal(
            (near.Model, near.Ready, near.Simulated, near.Tee, "split", near.KeysetNotAfter, near.ContextLength),
            (far.Model, far.Ready, far.Simulated, far.Tee, far.Topology, far.KeysetNotAfter, far.ContextLength));
    }

    [Fact]
    public async Task OnlyItsOwnerMayOpenTheSocket()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes");
            return;
        }

        await using TestNode node = await TestNode.StartAsync();
        await using EnclaveHost host = await EnclaveHost.ListenAsync(node.Core, Socket);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Socket));
    }

    [Fact]
    public async Task FailuresKeepTheirNames()
    {
        await using TestNode node = await TestNode.StartAsync();
        await using EnclaveHost host = await EnclaveHost.ListenAsync(node.Core, Socket);
        await using GrpcEnclave enclave = GrpcEnclave.Connect(Socket);
        TestEvidence evidence = await TestNode.AttestAsync(enclave);
        TestRequest foreign = TestNode.Chat(evidence);
        foreign.Bytes[0] ^= 0x80;

        EnclaveException undecryptable = await Assert.ThrowsAsync<EnclaveException>(() => TestNode.SendAsync(enclave, foreign));
        EnclaveException nonce = await Assert.ThrowsAsync<EnclaveException>(() => enclave.GetEvidenceAsync(new byte[5]));

        Assert.Equal(EnclaveFailure.Undecryptable, undecryptable.Failure);
        Assert.Equal(EnclaveFailure.InvalidArgument, nonce.Failure);
    }

    [Fact]
    public async Task AnEnclaveThatGoesAwayMidAnswerEndsTheStreamWithoutAReceiptAndIsFoundAgain()
    {
        await using GrpcEnclave enclave = GrpcEnclave.Connect(Socket);
        TestRequest request;
        TestAnswer answer;
        await using (TestNode node = await TestNode.StartAsync())
        {
            EnclaveHost host = await EnclaveHost.ListenAsync(node.Core, Socket);
            request = TestNode.Chat(await TestNode.AttestAsync(enclave), "\"max_tokens\":4000");
            answer = new TestAnswer(request);
            EnclaveException lost = await Assert.ThrowsAsync<EnclaveException>(async () =>
            {
                int pieces = 0;
                await foreach (ReadOnlyMemory<byte> piece in enclave.HandleAsync(TestNode.Pieces(request.Bytes)))
                {
                    answer.Feed(piece.Span);
                    if (++pieces == 40)
                    {
                        await host.DisposeAsync();
                    }
                }
            });

            Assert.Equal(EnclaveFailure.ConnectionLost, lost.Failure);
        }

        // What was delivered stays proved, and nothing looks complete.
        Assert.Equal(ExchangeError.Truncated, answer.TryComplete());
        Assert.NotEmpty(answer.Checkpoints);
        Assert.All(answer.Checkpoints, checkpoint => Assert.Equal(answer.ChainHead(checkpoint.ChunkCount), checkpoint.ChainHead.ToArray()));
        EnclaveStatus away = await enclave.GetStatusAsync();
        Assert.False(away.Ready);
        Assert.Contains(Socket, away.NotReadyReason, StringComparison.Ordinal);

        await using TestNode next = await TestNode.StartAsync();
        await using EnclaveHost again = await EnclaveHost.ListenAsync(next.Core, Socket);
        Assert.True((await enclave.GetStatusAsync()).Ready);
        EnclaveException stale = await Assert.ThrowsAsync<EnclaveException>(() => TestNode.SendAsync(enclave, TestNode.Chat(request.Evidence)));
        Assert.Equal(EnclaveFailure.Undecryptable, stale.Failure);
        TestAnswer fresh = await TestNode.SendAsync(enclave, TestNode.Chat(await TestNode.AttestAsync(enclave), "\"max_tokens\":2"));
        fresh.AssertProved();
    }

    [Fact]
    public async Task AClientThatLeavesEndsTheWorkInside()
    {
        await using TestNode node = await TestNode.StartAsync();
        await using EnclaveHost host = await EnclaveHost.ListenAsync(node.Core, Socket);
        await using GrpcEnclave enclave = GrpcEnclave.Connect(Socket);
        TestRequest request = TestNode.Chat(await TestNode.AttestAsync(enclave), "\"max_tokens\":4000");

        await foreach (ReadOnlyMemory<byte> piece in enclave.HandleAsync(TestNode.Pieces(request.Bytes)))
        {
            break;
        }

        await Waiting.UntilAsync(async () => (await enclave.GetStatusAsync()).Counters is { Active: 0, Abandoned: 1 });
    }

    [Fact]
    public async Task AProcessThatIsNotThereIsSaidToBeAway()
    {
        await using GrpcEnclave enclave = GrpcEnclave.Connect(Socket);

        EnclaveStatus status = await enclave.GetStatusAsync();
        EnclaveException evidence = await Assert.ThrowsAsync<EnclaveException>(() => enclave.GetEvidenceAsync(new byte[32]));

        Assert.False(status.Ready);
        Assert.Equal(EnclaveFailure.ConnectionLost, evidence.Failure);
    }

    [Fact]
    public async Task APathInUseIsRefusedAndOneLeftBehindIsTaken()
    {
        await using TestNode node = await TestNode.StartAsync();
        using (System.Net.Sockets.Socket left = new(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified))
        {
            // Closing would remove the file under its first name; a killed process removes nothing.
            left.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(_folder.FullName, "left.sock")));
            File.Move(Path.Combine(_folder.FullName, "left.sock"), Socket);
        }

        await using EnclaveHost host = await EnclaveHost.ListenAsync(node.Core, Socket);

        PlatformException used = await Assert.ThrowsAsync<PlatformException>(() => EnclaveHost.ListenAsync(node.Core, Socket));
        Assert.Contains("already listens", used.Message, StringComparison.Ordinal);
        string file = Path.Combine(_folder.FullName, "file");
        await File.WriteAllTextAsync(file, "kept");
        await Assert.ThrowsAsync<PlatformException>(() => EnclaveHost.ListenAsync(node.Core, file));
        Assert.Equal("kept", await File.ReadAllTextAsync(file));
        await Assert.ThrowsAsync<PlatformException>(() => EnclaveHost.ListenAsync(node.Core, Path.Combine(_folder.FullName, "no", "folder.sock")));
        await Assert.ThrowsAsync<PlatformException>(() => EnclaveHost.ListenAsync(node.Core, Path.Combine(_folder.FullName, new string('x', 120))));
    }
}
