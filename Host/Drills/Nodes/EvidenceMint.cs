using System.Security.Cryptography;
using System.Text;
using Verathos.Attestation;
using Verathos.Attestation.Binding;
using Verathos.Protocol.Evidence;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Ocsp;
using NonceProof = Verathos.Protocol.Evidence.NonceProof;

namespace Verathos.Host.Drills.Nodes;

/// <summary>Mints what a node that follows a plan shows, on the simulated hardware of an installation.</summary>
internal static class EvidenceMint
{
    /// <summary>The evidence for one nonce.</summary>
    /// <param name="installation">The hardware's vendors.</param>
    /// <param name="requestedAt">When the verifier made the nonce.</param>
    /// <param name="nonce">The nonce, 32 bytes.</param>
    /// <param name="plan">How the node answers.</param>
    /// <param name="keyset">The encoded keyset.</param>
    /// <param name="manifestRoot">The model that is shown, 32 bytes.</param>
    /// <param name="batch">The nonces that share the quote; the one alone where null.</param>
    /// <param name="index">The nonce's place in the batch.</param>
    public static NodeEvidence Mint(
        Installation installation, DateTimeOffset requestedAt, byte[] nonce, NodePlan plan, byte[] keyset, byte[] manifestRoot, NonceBatch? batch = null, int index = 0)
    {
        byte[] keysetDigest = SHA256.HashData(keyset);
        byte[] configuration = plan.Configuration.Encode();
        batch ??= NonceBatch.Build([nonce]);
        byte[] gpuNonce = GpuNonce.Derive(batch.Root, keysetDigest);
        Attestation.GpuEvidence[] gpus = [.. plan.Gpus.Select(gpu => Wrap(installation.Gpu.Mint(plan.GpuEdit(gpu with { Nonce = gpuNonce }))))];
        byte[] reportData = plan.ReportData ?? new BindingInput
        {
            NonceRoot = batch.Root,
            KeysetDigest = keysetDigest,
            ManifestRoot = plan.BoundManifestRoot ?? manifestRoot,
            GpuEvidenceDigest = GpuEvidenceDigest.Compute(gpus) is { } digest ? digest : (ReadOnlyMemory<byte>?)null,
            ConfigurationDigest = SHA256.HashData(configuration),
            Identity = plan.Identity,
        }.ToReportData();
        return new NodeEvidence
        {
            ExpectedNonce = nonce,
            RequestedAt = requestedAt,
            CpuFormat = NodeEvidence.TdxQuoteFormat,
            CpuEvidence = installation.Tdx.Mint(plan.Quote with { ReportData = reportData }),
            Gpus = gpus,
            KeysetBytes = keyset,
            ManifestRoot = manifestRoot,
            ConfigurationBytes = configuration,
            Identity = plan.Identity,
            NonceProof = batch.Prove(index),
            CpuCollateral = plan.Collateral is { } collateral ? installation.Collateral.Mint(collateral) : (ReadOnlyMemory<byte>?)null,
            GpuOcspResponses = plan.Ocsp is { } ocsp ? [.. gpus.SelectMany(gpu => Answers(installation, gpu, ocsp))] : [],
            GpuRims = plan.Gpus.IsEmpty ? [] : [installation.Rim.Mint(plan.DriverRim), installation.Rim.Mint(plan.VbiosRim)],
        };
    }

    /// <summary>The same as it crosses the wire.</summary>
    public static EvidenceCollection Collect(NodeEvidence evidence, ReadOnlyMemory<byte> manifest) => new()
    {
        CpuFormat = evidence.CpuFormat,
        CpuEvidence = evidence.CpuEvidence,
        Gpus = [.. evidence.Gpus.Select(gpu => new Protocol.Evidence.GpuEvidence(gpu.Report, gpu.CertificateChain))],
        Keyset = evidence.KeysetBytes,
        Configuration = evidence.ConfigurationBytes,
        Manifest = manifest,
        NonceProof = new NonceProof((ulong)evidence.NonceProof.LeafIndex, (ulong)evidence.NonceProof.TreeSize, evidence.NonceProof.Path),
        CpuCollateral = evidence.CpuCollateral,
        GpuRims = evidence.GpuRims,
        GpuOcspResponses = evidence.GpuOcspResponses,
    };

    /// <summary>A minted report as evidence.</summary>
    public static Attestation.GpuEvidence Wrap(MintedGpuEvidence gpu) => new(gpu.Report, gpu.CertificateChain);

    // A chain that is none has nobody to ask about it; the first GPU's answers then stand beside it.
    private static IEnumerable<ReadOnlyMemory<byte>> Answers(Installation installation, Attestation.GpuEvidence gpu, OcspSpec ocsp)
    {
        bool whole = Encoding.ASCII.GetString(gpu.CertificateChain.Span).Split("-----BEGIN CERTIFICATE-----").Length == 6;
        ReadOnlySpan<byte> chain = whole ? gpu.CertificateChain.Span : installation.Gpu.CertificateChain(0);
        IReadOnlyList<byte[]> answers = ocsp == new OcspSpec() ? installation.Ocsp.Current(chain) : installation.Ocsp.Answer(chain, _ => ocsp);
        return answers.Select(answer => (ReadOnlyMemory<byte>)answer);
    }
}
