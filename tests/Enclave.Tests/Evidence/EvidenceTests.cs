using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Tests.Serving;
using Verathos.Protocol.Evidence;
using NodeIdentity = Verathos.Attestation.Binding.NodeIdentity;
using NonceProof = Verathos.Attestation.Binding.NonceProof;

namespace Verathos.Enclave.Tests.Evidence;

public sealed class EvidenceTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task TheSimulatedPolicyAcceptsIt(int gpus)
    {
        SimulatedDriver driver = new(TestNode.Installation, gpus);
        await using TestNode node = await TestNode.StartAsync(driver: driver);

        Verdict verdict = Appraise(await node.AttestAsync(), driver);

        AssertAccepted(verdict);
        Assert.True(verdict.Simulated);
    }

    [Fact]
    public async Task NoncesThatComeTogetherShareQuotesAndEachIsAccepted()
    {
        SimulatedDriver driver = new(TestNode.Installation, 1);
        await using TestNode node = await TestNode.StartAsync(driver: driver);

        TestEvidence[] all = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => node.AttestAsync()));

        EnclaveStatus status = await node.Core.GetStatusAsync();
        Assert.InRange(status.Counters.Quotes, 1, 20);
        Assert.Equal(40, status.Counters.Nonces);
        Assert.Contains(all, evidence => evidence.Collection.NonceProof.TreeSize > 1);
        Assert.All(all, evidence => AssertAccepted(Appraise(evidence, driver)));
        (await node.SendAsync(TestNode.Chat(all[^1], "\"max_tokens\":1"))).AssertProved();
    }

    [Fact]
    public async Task AnotherNonceIsNotAnswered()
    {
        SimulatedDriver driver = new(TestNode.Installation, 1);
        await using TestNode node = await TestNode.StartAsync(driver: driver);
        TestEvidence evidence = await node.AttestAsync();

        Verdict verdict = Appraise(evidence with { Nonce = RandomNumberGenerator.GetBytes(32) }, driver);

        Assert.False(verdict.IsAccepted);
    }

    [Fact]
    public async Task TheConfigurationSaysHowTheEnclaveRuns()
    {
        await using TestNode node = await TestNode.StartAsync(
            new EnclaveOptions { Topology = EnclaveTopology.Split, MaxRequestBytes = 8192, MaxPromptTokens = 99, MaxOutputTokens = 33, MaxActive = 3 },
            driver: new SimulatedDriver(TestNode.Installation, 1));
        TestEvidence evidence = await node.AttestAsync();

        Assert.True(NodeConfiguration.TryParse(evidence.Collection.Configuration.Span, out NodeConfiguration? configuration));
        Assert.Equal(NodeConfiguration.Split, configuration.Topology);
        Assert.Equal(new NodeLimits(8192, 99, 33, 3), configuration.Limits);
        Assert.True(configuration.Simulated);
        Assert.True(configuration.GpuConfidentialMode);
        Assert.False(configuration.GpuDevTools);
        Assert.StartsWith("verathos-", configuration.Engine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSubnetIdentityIsBound()
    {
        NodeIdentity identity = new(new byte[32], 96, RandomNumberGenerator.GetBytes(32));
        SimulatedDriver driver = new(TestNode.Installation, 1);
        await using TestNode node = await TestNode.StartAsync(new EnclaveOptions { Identity = identity }, driver: driver);
        TestEvidence evidence = await node.AttestAsync();

        Assert.Equal(identity.Hotkey.ToArray(), evidence.Collection.Identity!.Hotkey.ToArray());
        AssertAccepted(Appraise(evidence, driver));
        TestEvidence stripped = evidence with { Collection = evidence.Collection with { Identity = null } };
        Assert.Equal(CheckNames.BindingReportData, Appraise(stripped, driver).Reason);
    }

    [Fact]
    public async Task AQuoteThatThePlatformRefusesIsAFailureAndTheNextNonceIsServed()
    {
        bool broken = true;
        SimulatedDriver driver = new(TestNode.Installation, 1)
        {
            ShapeQuote = spec => broken ? throw new PlatformException("the quoting service does not answer") : spec,
        };
        await using TestNode node = await TestNode.StartAsync(driver: driver);

        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(() => node.AttestAsync());
        broken = false;

        Assert.Contains("quoting service", failure.Message, StringComparison.Ordinal);
        AssertAccepted(Appraise(await node.AttestAsync(), driver));
    }

    private static void AssertAccepted(Verdict verdict) =>
        Assert.True(verdict.IsAccepted, verdict.Reason + ": " + verdict.Find(verdict.Reason)?.Detail);

    private static Verdict Appraise(TestEvidence evidence, SimulatedDriver driver)
    {
        EvidenceCollection collection = evidence.Collection;
        Assert.True(Fingerprint.Manifest.ModelManifest.TryDecode(collection.Manifest, out Fingerprint.Manifest.ModelManifest? manifest, out string? error), error);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return Appraiser.Appraise(
            new NodeEvidence
            {
                ExpectedNonce = evidence.Nonce,
                RequestedAt = now,
                CpuFormat = collection.CpuFormat,
                CpuEvidence = collection.CpuEvidence,
                Gpus = [.. collection.Gpus.Select(gpu => new Attestation.GpuEvidence(gpu.Report, gpu.CertificateChain))],
                KeysetBytes = collection.Keyset,
                ManifestRoot = manifest.Root,
                ConfigurationBytes = collection.Configuration,
                Identity = collection.Identity is { } identity ? new NodeIdentity(identity.GenesisHash, identity.NetUid, identity.Hotkey) : null,
                NonceProof = new NonceProof((long)collection.NonceProof.LeafIndex, (long)collection.NonceProof.TreeSize, collection.NonceProof.Path),
                CpuCollateral = collection.CpuCollateral,
                GpuRims = collection.GpuRims,
                GpuOcspResponses = collection.GpuOcspResponses,
            },
            Policy.BuiltIn("simulated"),
            driver.Anchors,
            now,
            TimeSource.Verifier);
    }
}
