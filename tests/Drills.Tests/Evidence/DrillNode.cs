using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Verathos.Attestation;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;
using NodeIdentity = Verathos.Attestation.Binding.NodeIdentity;
using NonceProof = Verathos.Attestation.Binding.NonceProof;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>A node on simulated hardware of its own, and a verifier of its evidence.</summary>
public sealed class DrillNode : IDisposable
{
    public DrillNode()
    {
        Folder = Directory.CreateTempSubdirectory("verathos-drill-").FullName;
        Installation = Installation.OpenOrCreate(Folder, Time);
        Assert.True(TrustAnchors.TryLoadSimulated(Folder, out TrustAnchors? anchors, out string? error), error);
        Anchors = anchors!;
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public string Folder { get; }

    public Installation Installation { get; }

    /// <summary>Trust in this installation's roots.</summary>
    public TrustAnchors Anchors { get; }

    /// <summary>The root of the model that the node says it serves, 32 bytes.</summary>
    internal static byte[] ManifestRoot { get; } = DrillPolicy.Production.Node.Manifests is { IsWaived: false } manifests
        ? manifests.Value[0].ToArray()
        : SHA256.HashData("model"u8);

    /// <summary>A nonce that a client has just made.</summary>
    public static byte[] FreshNonce() => RandomNumberGenerator.GetBytes(32);

    /// <summary>The evidence of a node that follows <paramref name="plan"/>, for one nonce.</summary>
    internal NodeEvidence Show(byte[] nonce, NodePlan? plan = null, NonceBatch? batch = null, int index = 0)
    {
        plan ??= new NodePlan();
        byte[] keyset = MakeKeyset(plan);
        byte[] keysetDigest = SHA256.HashData(keyset);
        byte[] configuration = plan.Configuration.Encode();
        batch ??= NonceBatch.Build([nonce]);
        byte[] gpuNonce = GpuNonce.Derive(batch.Root, keysetDigest);
        Attestation.GpuEvidence[] gpus = [.. plan.Gpus.Select(gpu => Wrap(Installation.Gpu.Mint(plan.GpuEdit(gpu with { Nonce = gpuNonce }))))];
        byte[] reportData = plan.ReportData ?? new BindingInput
        {
            NonceRoot = batch.Root,
            KeysetDigest = keysetDigest,
            ManifestRoot = ManifestRoot,
            GpuEvidenceDigest = GpuEvidenceDigest.Compute(gpus) is { } digest ? digest : (ReadOnlyMemory<byte>?)null,
            ConfigurationDigest = SHA256.HashData(configuration),
            Identity = plan.Identity,
        }.ToReportData();
        return new NodeEvidence
        {
            ExpectedNonce = nonce,
            RequestedAt = Time.GetUtcNow(),
            CpuFormat = NodeEvidence.TdxQuoteFormat,
            CpuEvidence = Installation.Tdx.Mint(plan.Quote with { ReportData = reportData }),
            Gpus = gpus,
            KeysetBytes = keyset,
            ManifestRoot = ManifestRoot,
            ConfigurationBytes = configuration,
            Identity = plan.Identity,
            NonceProof = batch.Prove(index),
            CpuCollateral = Installation.Collateral.Mint(plan.Collateral),
            GpuOcspResponses = [.. gpus.SelectMany(Answers)],
            GpuRims = plan.Gpus.IsEmpty ? [] : [Installation.Rim.Mint(plan.DriverRim), Installation.Rim.Mint(plan.VbiosRim)],
        };
    }

    // A chain that is none has nobody to ask about it; the first GPU's answers then stand beside it.
    private IEnumerable<ReadOnlyMemory<byte>> Answers(Attestation.GpuEvidence gpu)
    {
        bool whole = System.Text.Encoding.ASCII.GetString(gpu.CertificateChain.Span).Split("-----BEGIN CERTIFICATE-----").Length == 6;
        return Installation.Ocsp.Current(whole ? gpu.CertificateChain.Span : Installation.Gpu.CertificateChain(0)).Select(answer => (ReadOnlyMemory<byte>)answer);
    }

    /// <summary>The verdict of a client that trusts this installation, now.</summary>
    internal Verdict Appraise(NodeEvidence evidence, Policy? policy = null, TimeSource source = TimeSource.Verifier) =>
        Appraiser.Appraise(evidence, policy ?? DrillPolicy.Production, Anchors, Time.GetUtcNow(), source);

    /// <summary>
    /// Asserts that exactly the checks named fail, in this order; the first is the verdict's reason. Everything else holds, so
    /// it is these checks that stop the attack and nothing by accident.
    /// </summary>
    internal static void Refused(Verdict verdict, params string[] checks)
    {
        Assert.False(verdict.IsAccepted, "the attack was accepted");
        Assert.Equal(
            string.Join('\n', checks),
            string.Join('\n', verdict.Checks.Where(check => check.Result is CheckResult.Failed).Select(check => check.Name)));
        Assert.Equal(checks[0], verdict.Reason);
        Assert.Null(verdict.TrustedUntil);
    }

    /// <summary>
    /// Asserts that the check is the verdict's reason, for what <paramref name="detail"/> says. Checks that rest on it may fail too.
    /// </summary>
    internal static void RefusedFor(Verdict verdict, string check, string detail)
    {
        Assert.Equal((VerdictKind.Rejected, check), (verdict.Kind, verdict.Reason));
        Assert.Contains(detail, verdict.Find(check)?.Detail ?? "", StringComparison.Ordinal);
        Assert.Null(verdict.TrustedUntil);
    }

    /// <summary>Asserts that nothing is wrong.</summary>
    internal static void Accepted(Verdict verdict) =>
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}");

    internal static Attestation.GpuEvidence Wrap(MintedGpuEvidence gpu) => new(gpu.Report, gpu.CertificateChain);

    public void Dispose()
    {
        Installation.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private byte[] MakeKeyset(NodePlan plan)
    {
        DateTimeOffset from = Time.GetUtcNow().AddMinutes(-1);
        using var signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        OhttpPrivateKey[] keys = [.. plan.Kems.Select((kem, i) => new OhttpPrivateKey((byte)i, HpkePrivateKey.Generate(kem)))];
        byte[] ohttpKeys = OhttpKeys.Encode(keys.Select(key => key.Config));
        foreach (OhttpPrivateKey key in keys)
        {
            key.Dispose();
        }

        return Keyset.Create(
            RandomNumberGenerator.GetBytes(Keyset.BootIdLength),
            CoseKey.From(signing),
            ohttpKeys,
            from,
            from + plan.KeysetLifetime).Encoded.ToArray();
    }
}
