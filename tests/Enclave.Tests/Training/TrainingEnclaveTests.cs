using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Tests.Serving;
using Verathos.Enclave.Training;
using Verathos.Fingerprint.Manifest;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Keys;

namespace Verathos.Enclave.Tests.Training;

public sealed class TrainingEnclaveTests
{
    [Fact]
    public async Task Evidence_binds_keyset_model_profile_and_identity_to_the_nonce()
    {
        Attestation.Binding.NodeIdentity identity = new(SHA256.HashData("a run"u8), 0, SHA256.HashData("a worker"u8));
        using TrainingEnclave enclave = await TrainingEnclave.StartAsync(TestWorker.Options with { Identity = identity }, new SimulatedDriver(TestNode.Installation, 1));
        byte[] nonce = RandomNumberGenerator.GetBytes(32);
        byte[] encoded = await enclave.GetEvidenceAsync(nonce);
        Assert.True(EvidenceCollection.TryDecode(encoded, out EvidenceCollection? collection, out string? error), error);
        Assert.True(Keyset.TryParse(collection.Keyset, out Keyset? keyset, out error), error);
        Assert.True(ModelManifest.TryDecode(collection.Manifest, out ModelManifest? manifest, out error), error);
        Assert.True(NodeConfiguration.TryParse(collection.Configuration.Span, out NodeConfiguration? configuration));
        Assert.Equal(enclave.Keyset.Digest.ToArray(), keyset.Digest.ToArray());
        Assert.Equal(TestWorker.Options.ModelRoot.ToArray(), manifest.Root);
        Assert.Equal((TestWorker.Options.NumericProfile, true), (configuration.NumericProfile, configuration.Simulated));
        Assert.Equal(identity.Hotkey.ToArray(), collection.Identity!.Hotkey.ToArray());

        // The quote's report data, at its place in a TDX 1.0 quote, is the binding of all of it.
        byte[] expected = new TestEvidence(nonce, collection, keyset).ReportData;
        Assert.Equal(expected, collection.CpuEvidence.Slice(48 + 520, 64).ToArray());
        Assert.Equal(EnclaveFailure.InvalidArgument, (await Assert.ThrowsAsync<EnclaveException>(() => enclave.GetEvidenceAsync(new byte[31]))).Failure);
    }

    [Fact]
    public async Task Keys_are_renewed_before_they_end_and_sign_nothing_after()
    {
        FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
        using TestWorker worker = await TestWorker.StartAsync(time: time);
        byte[] first = worker.Enclave.Keyset.Digest.ToArray();
        Assert.False(await worker.Enclave.RenewAsync(TimeSpan.FromMinutes(30)));
        time.Advance(TimeSpan.FromMinutes(31));
        Assert.True(await worker.Enclave.RenewAsync(TimeSpan.FromMinutes(30)));
        Assert.NotEqual(first, worker.Enclave.Keyset.Digest.ToArray());
        RoundWork work = worker.Run(TestWorker.Round(1));
        Assert.Equal(worker.Enclave.Keyset.Digest.ToArray(), work.Claims.KeysetDigest.ToArray());

        time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(EnclaveFailure.KeysetExpired, Assert.Throws<EnclaveException>(() => worker.Run(TestWorker.Round(2), work)).Failure);
        Assert.Throws<EnclaveException>(() => worker.Enclave.Keyset);
        Assert.True(await worker.Enclave.RenewAsync(TimeSpan.Zero));
        Assert.Equal(2ul, worker.Run(TestWorker.Round(2), work).Claims.Counter);
    }

    [Fact]
    public async Task A_clock_that_went_back_makes_no_record_older_than_the_one_before()
    {
        FakeTimeProvider time = new(TimeProvider.System.GetUtcNow()) { AutoAdvanceAmount = TimeSpan.Zero };
        using TestWorker later = await TestWorker.StartAsync(time: new FakeTimeProvider(time.GetUtcNow().AddMinutes(5)));
        using TestWorker earlier = await TestWorker.StartAsync(time: time);
        RoundWork work = later.Run(TestWorker.Round(1));
        Assert.Equal(work.Claims.IssuedAt, earlier.Run(TestWorker.Round(2), work).Claims.IssuedAt);
        using TestWorker muchEarlier = await TestWorker.StartAsync(time: new FakeTimeProvider(time.GetUtcNow().AddHours(-2)));
        Assert.Equal(EnclaveFailure.KeysetExpired, Assert.Throws<EnclaveException>(() => muchEarlier.Run(TestWorker.Round(2), work)).Failure);
    }

    [Fact]
    public async Task A_gpu_that_leaves_confidential_mode_takes_the_keys_with_it()
    {
        bool confidential = true;
        SimulatedDriver driver = new(TestNode.Installation, 1) { ShapeGpu = state => state with { ConfidentialMode = confidential } };
        using TrainingEnclave enclave = await TrainingEnclave.StartAsync(TestWorker.Options, driver);
        confidential = false;
        await Assert.ThrowsAsync<PlatformException>(() => enclave.GetEvidenceAsync(new byte[32]));
        Assert.Equal(EnclaveFailure.Unavailable, Assert.Throws<EnclaveException>(() => enclave.Keyset).Failure);
        await Assert.ThrowsAsync<PlatformException>(() => TrainingEnclave.StartAsync(TestWorker.Options, driver));
    }

    [Fact]
    public async Task Options_that_make_no_sense_are_refused()
    {
        SimulatedDriver driver = new(TestNode.Installation, 0);
        TrainingEnclaveOptions[] wrong =
        [
            TestWorker.Options with { ModelRoot = new byte[31] }, TestWorker.Options with { Name = "" }, TestWorker.Options with { NumericProfile = "" },
            TestWorker.Options with { Tensors = 0 }, TestWorker.Options with { Bytes = 0 }, TestWorker.Options with { KeysetLifetime = TimeSpan.FromMinutes(61) },
            TestWorker.Options with { KeysetLifetime = TimeSpan.Zero },
        ];
        foreach (TrainingEnclaveOptions each in wrong)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => TrainingEnclave.StartAsync(each, driver));
        }
    }
}
