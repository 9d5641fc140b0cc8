using System.Security.Cryptography;
using Verathos.Attestation.Binding;
using Verathos.Client.Bundles;
using Verathos.Enclave.Platform;
using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Training;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Validator.Tests.Training;

/// <summary>
/// Whoever holds a simulated platform's keys can sign what he likes: a keyset of his own with evidence that the policy accepts, and
/// records that contradict nothing but the arithmetic. So a check can be shown to be the only one that catches something.
/// </summary>
internal sealed class Forger : IDisposable
{
    private readonly ECDsa _signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly DateTimeOffset _now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
    private readonly string _training;

    public Forger(string folder)
    {
        _training = Path.Combine(folder, TrainingFolder.Name);
        using OhttpPrivateKey wing = new(0, HpkePrivateKey.Generate(HpkeKem.XWing));
        using OhttpPrivateKey curve = new(1, HpkePrivateKey.Generate(HpkeKem.X25519));
        Keyset = Keyset.Create(RandomNumberGenerator.GetBytes(16), CoseKey.From(_signing), OhttpKeys.Encode([wing.Config, curve.Config]), _now.AddMinutes(-1), _now.AddMinutes(50));
    }

    public Keyset Keyset { get; }

    public static IReadOnlyList<ChainEntry> Read(string folder)
    {
        Assert.True(ChainFile.TryParse(File.ReadAllBytes(Path.Combine(folder, TrainingFolder.Name, TrainingFolder.ChainFile)), out IReadOnlyList<ChainEntry>? chain));
        return chain;
    }

    public static TrainingRecord Claims(ChainEntry entry)
    {
        using ECDsa key = entry.Signed.Keyset.SigningKey.ToECDsa();
        Assert.True(TrainingRecord.TryParse(entry.Signed.Message.Span, key, out TrainingRecord? record, out _));
        return record;
    }

    /// <summary>Writes evidence that vouches for the keyset.</summary>
    /// <param name="profile">What it states.</param>
    /// <param name="nonce">For which nonce; null for the run's.</param>
    /// <param name="modelRoot">The model that the run starts from; null for the run's.</param>
    /// <param name="installation">Whose quote it is.</param>
    /// <param name="other">Another keyset that it vouches for.</param>
    public async Task WriteEvidenceAsync(string profile, byte[]? nonce = null, byte[]? modelRoot = null, string? installation = null, Keyset? other = null)
    {
        TrainingRecipe recipe = TrainingRecipe.Read(Path.Combine(Path.GetDirectoryName(_training)!, ModelFolder.RecipeFile));
        byte[] root = modelRoot ?? Claims(Read(Path.GetDirectoryName(_training)!)[0]).BaseModelRoot.ToArray();
        nonce ??= LocalRounds.Nonce(Convert.FromHexString(recipe.Digest()), Claims(Read(Path.GetDirectoryName(_training)!)[0]).BaseModelRoot.Span);
        Keyset keyset = other ?? Keyset;
        using SimulatedDriver driver = SimulatedDriver.Open(installation ?? TrainedModel.Installation, 1);
        NonceBatch batch = NonceBatch.Build([nonce]);
        byte[] configuration = new NodeConfiguration(NodeConfiguration.InProcess, "forged", profile, new NodeLimits(0, 0, 0, 0), true, true, false).Encode();
        IReadOnlyList<GpuState> gpus = await driver.GetGpusAsync(GpuNonce.Derive(batch.Root, keyset.Digest.Span), default);
        byte[] quote = await driver.GetCpuEvidenceAsync(
            new BindingInput
            {
                NonceRoot = batch.Root,
                KeysetDigest = keyset.Digest,
                ManifestRoot = root,
                GpuEvidenceDigest = GpuEvidenceDigest.Compute([.. gpus.Select(gpu => new Attestation.GpuEvidence(gpu.Report, gpu.CertificateChain))]),
                ConfigurationDigest = SHA256.HashData(configuration),
                Identity = null,
            }.ToReportData(),
            default);
        PlatformEndorsements endorsements = await driver.GetEndorsementsAsync(default);
        EvidenceCollection collection = new()
        {
            CpuFormat = driver.CpuFormat,
            CpuEvidence = quote,
            Gpus = [.. gpus.Select(gpu => new GpuEvidence(gpu.Report, gpu.CertificateChain))],
            Keyset = keyset.Encoded,
            Configuration = configuration,
            Manifest = new ModelManifest("forged", root, 1, 1, 1).Encode(),
            NonceProof = new Protocol.Evidence.NonceProof(0, 1, []),
            CpuCollateral = endorsements.CpuCollateral,
            GpuRims = endorsements.GpuRims,
            GpuOcspResponses = endorsements.GpuOcspResponses,
        };
        ProofBundle bundle = new()
        {
            Evidence = collection.Encode(),
            Nonce = nonce,
            RequestedAt = _now,
            JudgedAt = _now,
            Policy = Attestation.Policies.Policy.BuiltIn("simulated").Raw,
            Simulated = true,
        };
        await File.WriteAllBytesAsync(Path.Combine(_training, TrainingFolder.EvidenceFolder, TrainingFolder.EvidenceFile(Keyset.Digest.Span)), bundle.Encode());
    }

    /// <summary>Signs a whole chain anew, with changes.</summary>
    /// <param name="chain">What it is made from.</param>
    /// <param name="change">Gives what the record of a number, from 0, and its steps are to be; the steps' root is whatever it says.</param>
    public void Resign(IReadOnlyList<ChainEntry> chain, Func<int, TrainingRecord, TrainingStep[], (TrainingRecord Record, TrainingStep[] Steps)> change)
    {
        List<ChainEntry> forged = [];
        ReadOnlyMemory<byte>? previous = null;
        for (int i = 0; i < chain.Count; i++)
        {
            (TrainingRecord record, TrainingStep[] steps) = change(i, Claims(chain[i]), [.. chain[i].Steps]);
            byte[] message = (record with
            {
                BootId = Keyset.BootId,
                KeysetDigest = Keyset.Digest,
                IssuedAt = _now,
                Counter = (ulong)i + 1,
                Previous = previous,
            }).Sign(_signing, out byte[] digest);
            previous = digest;
            forged.Add(new ChainEntry(new SignedRecord(message, Keyset), steps));
        }

        File.WriteAllBytes(Path.Combine(_training, TrainingFolder.ChainFile), ChainFile.Encode(forged));
    }

    public void Dispose() => _signing.Dispose();
}
