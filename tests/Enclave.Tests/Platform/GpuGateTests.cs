using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Tests.Serving;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;

namespace Verathos.Enclave.Tests.Platform;

public sealed class GpuGateTests
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task HealthyGpusGetKeysAndAreInTheEvidence(int gpus)
    {
        await using TestNode node = await TestNode.StartAsync(time: _time, driver: new SimulatedDriver(TestNode.Installation, gpus));
        TestEvidence evidence = await node.AttestAsync();

        Assert.Equal(gpus, evidence.Collection.Gpus.Count);
        Assert.Equal(2, evidence.Collection.GpuRims.Count);
        (await node.SendAsync(TestNode.Chat(evidence, "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public Task AGpuOutsideConfidentialModeGetsNoKeys() =>
        RefusesAsync(state => state with { ConfidentialMode = false }, "confidential mode");

    [Fact]
    public Task AGpuOpenToDevelopersGetsNoKeys() =>
        RefusesAsync(state => state with { DevTools = true }, "DEVTOOLS");

    [Fact]
    public Task AReportOfAnotherGpuThanTheSessionsGetsNoKeys() =>
        RefusesAsync(state => state with { SessionLeaf = new byte[32] }, "another GPU");

    [Fact]
    public Task AReportWithABrokenSignatureGetsNoKeys() => RefusesAsync(
        state =>
        {
            byte[] report = state.Report.ToArray();
            report[^1] ^= 1;
            return state with { Report = report };
        },
        "gpu.signature");

    [Fact]
    public Task AReportThatIsNoneGetsNoKeys() => RefusesAsync(state => state with { Report = new byte[64] }, "gpu.format");

    [Fact]
    public Task AChainThatIsNoneGetsNoKeys() => RefusesAsync(state => state with { CertificateChain = "none"u8.ToArray() }, "no readable certificate chain");

    [Fact]
    public async Task AGpuOfAnotherMakerGetsNoKeys()
    {
        string folder = Directory.CreateTempSubdirectory("verathos-foreign-").FullName;
        try
        {
            using Installation foreign = Installation.OpenOrCreate(folder);
            await RefusesAsync(
                state =>
                {
                    // The nonce lies behind the four bytes that begin an SPDM request, so only the chain is another.
                    MintedGpuEvidence minted = foreign.Gpu.Mint(new GpuReportSpec { Nonce = state.Report.Slice(4, 32).ToArray() });
                    return state with { Report = minted.Report, CertificateChain = minted.CertificateChain, SessionLeaf = SimulatedDriver.LeafDigest(minted.CertificateChain) };
                },
                "gpu.chain");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task AnOldReportGetsNoKeys()
    {
        GpuState old = (await new SimulatedDriver(TestNode.Installation, 1).GetGpusAsync(new byte[32], default))[0];
        await RefusesAsync(state => state with { Report = old.Report }, "gpu.nonce");
    }

    [Fact]
    public async Task OneGpuTwiceGetsNoKeys()
    {
        GpuState? first = null;
        SimulatedDriver driver = new(TestNode.Installation, 2) { ShapeGpu = state => state.Index == 0 ? first = state : first! with { Index = 1 } };

        PlatformException failure = await Assert.ThrowsAsync<PlatformException>(() => TestNode.StartAsync(time: _time, driver: driver));
        Assert.Contains("same device certificate", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SevenOfEightGpusGetNoKeys()
    {
        PlatformException failure = await Assert.ThrowsAsync<PlatformException>(() =>
            TestNode.StartAsync(time: _time, driver: new Missing(new SimulatedDriver(TestNode.Installation, 7), expected: 8)));

        Assert.Contains("8 GPUs are expected and 7", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AGpuThatIsOpenedLaterDestroysTheKeysAndOneThatIsClosedAgainGetsNewOnes()
    {
        bool open = false;
        SimulatedDriver driver = new(TestNode.Installation, 1) { ShapeGpu = state => state with { DevTools = open } };
        await using TestNode node = await TestNode.StartAsync(time: _time, driver: driver);
        TestEvidence evidence = await node.AttestAsync();
        TestRequest kept = TestNode.Chat(evidence);

        open = true;
        EnclaveException refused = await Assert.ThrowsAsync<EnclaveException>(() => node.AttestAsync());
        EnclaveStatus status = await node.Core.GetStatusAsync();

        Assert.Equal(EnclaveFailure.Unavailable, refused.Failure);
        Assert.False(status.Ready);
        Assert.Contains("DEVTOOLS", status.NotReadyReason, StringComparison.Ordinal);
        await Assert.ThrowsAsync<EnclaveException>(() => node.SendAsync(kept));

        open = false;
        DateTimeOffset lost = _time.GetUtcNow();
        await Waiting.UntilAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20);
            return (await node.Core.GetStatusAsync()).Ready;
        });
        Assert.InRange(_time.GetUtcNow() - lost, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(2));
        TestEvidence fresh = await node.AttestAsync();
        Assert.NotEqual(evidence.Keyset.Digest.ToArray(), fresh.Keyset.Digest.ToArray());
    }

    [Fact]
    public async Task ADriverThatGivesUpOnceDoesNotEndTheRotation()
    {
        bool givesUp = false;
        SimulatedDriver driver = new(TestNode.Installation, 1) { ShapeGpu = state => givesUp ? throw new OperationCanceledException("the driver's own limit") : state };
        await using TestNode node = await TestNode.StartAsync(time: _time, driver: driver);

        givesUp = true;
        _time.Advance(TimeSpan.FromMinutes(50));
        await Waiting.UntilAsync(async () => !(await node.Core.GetStatusAsync()).Ready);
        givesUp = false;

        await Waiting.UntilAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20);
            return (await node.Core.GetStatusAsync()).Ready;
        });
    }

    [Fact]
    public async Task AModelWhoseReplacementFailedIsServedAsSoonAsTheGpuIsHealthy()
    {
        bool open = false;
        SimulatedDriver driver = new(TestNode.Installation, 1) { ShapeGpu = state => state with { DevTools = open } };
        await using TestNode node = await TestNode.StartAsync(time: _time, driver: driver);
        TestEvidence old = await node.AttestAsync();

        open = true;
        await Assert.ThrowsAsync<PlatformException>(() => node.Core.ReplaceModelAsync(TestNode.TinyModel(seed: 2)));
        Assert.False((await node.Core.GetStatusAsync()).Ready);
        open = false;
        DateTimeOffset lost = _time.GetUtcNow();
        await Waiting.UntilAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20);
            return (await node.Core.GetStatusAsync()).Ready;
        });

        Assert.InRange(_time.GetUtcNow() - lost, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(2));
        TestEvidence fresh = await node.AttestAsync();
        Assert.NotEqual(old.Collection.Manifest.ToArray(), fresh.Collection.Manifest.ToArray());
        (await node.SendAsync(TestNode.Chat(fresh, "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public async Task AGpuThatIsExchangedLaterDestroysTheKeys()
    {
        GpuState other = (await new SimulatedDriver(TestNode.Installation, 2).GetGpusAsync(new byte[32], default))[1];
        bool exchanged = false;
        SimulatedDriver driver = new(TestNode.Installation, 1) { ShapeGpu = state => exchanged ? other with { Index = 0 } : state };
        await using TestNode node = await TestNode.StartAsync(time: _time, driver: driver);

        exchanged = true;
        EnclaveException refused = await Assert.ThrowsAsync<EnclaveException>(() => node.AttestAsync());

        Assert.Contains("not the one that was verified", refused.Message, StringComparison.Ordinal);
        Assert.False((await node.Core.GetStatusAsync()).Ready);
    }

    private async Task RefusesAsync(Func<GpuState, GpuState> shape, string expected)
    {
        SimulatedDriver driver = new(TestNode.Installation, 1) { ShapeGpu = shape };

        PlatformException failure = await Assert.ThrowsAsync<PlatformException>(() => TestNode.StartAsync(time: _time, driver: driver));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    private sealed class Missing(IPlatformDriver inner, int expected) : IPlatformDriver
    {
        public string Name => inner.Name;

        public bool IsSimulated => inner.IsSimulated;

        public string CpuFormat => inner.CpuFormat;

        public int ExpectedGpus => expected;

        public Attestation.TrustAnchors Anchors => inner.Anchors;

        public void RequireTopology(EnclaveTopology topology) => inner.RequireTopology(topology);

        public ValueTask<byte[]> GetCpuEvidenceAsync(ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken) =>
            inner.GetCpuEvidenceAsync(reportData, cancellationToken);

        public ValueTask<IReadOnlyList<GpuState>> GetGpusAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken) =>
            inner.GetGpusAsync(nonce, cancellationToken);

        public ValueTask<PlatformEndorsements> GetEndorsementsAsync(CancellationToken cancellationToken) => inner.GetEndorsementsAsync(cancellationToken);
    }
}
