using Verathos.Attestation;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Keys;

namespace Verathos.Client.Trust;

/// <summary>From the bytes of an evidence collection to a verdict.</summary>
public static class EvidenceVerifier
{
    /// <summary>The check that fails when the collection, or a part that only the client reads, does not parse.</summary>
    public const string FormatCheck = "evidence.format";

    /// <summary>Decodes and appraises a node's evidence. Never throws for its bytes.</summary>
    /// <param name="raw">The collection as received.</param>
    /// <param name="nonce">The nonce that the verifier made, 32 bytes; never taken from the evidence.</param>
    /// <param name="requestedAt">When the verifier made the nonce.</param>
    /// <param name="policy">The policy; null verifies without appraising.</param>
    /// <param name="anchors">The roots that everything must lead to.</param>
    /// <param name="at">The time of judgement.</param>
    /// <param name="source">Where that time came from.</param>
    public static AppraisedEvidence Appraise(
        ReadOnlyMemory<byte> raw,
        ReadOnlyMemory<byte> nonce,
        DateTimeOffset requestedAt,
        Policy? policy,
        TrustAnchors anchors,
        DateTimeOffset at,
        TimeSource source)
    {
        AppraisedEvidence result = new()
        {
            Verdict = default,
            Raw = raw,
            Nonce = nonce,
            RequestedAt = requestedAt,
        };
        if (!EvidenceCollection.TryDecode(raw, out EvidenceCollection? collection, out string? error))
            return result with { Verdict = Malformed(error, policy, anchors, at, source) };

        result = result with { Collection = collection };
        if (!ManifestSummary.TryParse(collection.Manifest, out ManifestSummary? manifest))
            return result with { Verdict = Malformed("the model manifest does not parse", policy, anchors, at, source) };

        result = result with { Manifest = manifest };
        if (!Keyset.TryParse(collection.Keyset, out Keyset? keyset, out error))
            return result with { Verdict = Malformed("the keyset does not parse: " + error, policy, anchors, at, source) };

        result = result with { Keyset = keyset };
        if (!NodeConfiguration.TryParse(collection.Configuration.Span, out NodeConfiguration? configuration))
            return result with { Verdict = Malformed("the configuration does not parse", policy, anchors, at, source) };

        result = result with { Configuration = configuration };
        NodeEvidence evidence = ToEvidence(collection, manifest, nonce, requestedAt);
        return result with
        {
            Verdict = Appraiser.Appraise(evidence, policy, anchors, at, source),
            Binding = Binding(evidence),
        };
    }

    private static NodeEvidence ToEvidence(EvidenceCollection collection, ManifestSummary manifest, ReadOnlyMemory<byte> nonce, DateTimeOffset requestedAt) => new()
    {
        ExpectedNonce = nonce,
        RequestedAt = requestedAt,
        CpuFormat = collection.CpuFormat,
        CpuEvidence = collection.CpuEvidence,
        Gpus = [.. collection.Gpus.Select(gpu => new Attestation.GpuEvidence(gpu.Report, gpu.CertificateChain))],
        KeysetBytes = collection.Keyset,
        ManifestRoot = manifest.Root,
        ModelRoots = [.. manifest.Several.Select(model => model.Root)],
        ConfigurationBytes = collection.Configuration,
        Identity = collection.Identity is { } identity
            ? new Attestation.Binding.NodeIdentity(identity.GenesisHash, identity.NetUid, identity.Hotkey)
            : null,
        NonceProof = new Attestation.Binding.NonceProof(unchecked((long)collection.NonceProof.LeafIndex), unchecked((long)collection.NonceProof.TreeSize), collection.NonceProof.Path),
        CpuCollateral = collection.CpuCollateral,
        GpuRims = collection.GpuRims,
        GpuOcspResponses = collection.GpuOcspResponses,
    };

    private static byte[] Binding(NodeEvidence evidence) =>
        evidence.NonceProof.TryComputeRoot(evidence.ExpectedNonce.Span, out byte[] root)
            ? new BindingInput
            {
                NonceRoot = root,
                KeysetDigest = System.Security.Cryptography.SHA256.HashData(evidence.KeysetBytes.Span),
                ManifestRoot = evidence.ManifestRoot,
                GpuEvidenceDigest = GpuEvidenceDigest.Compute(evidence.Gpus),
                ConfigurationDigest = System.Security.Cryptography.SHA256.HashData(evidence.ConfigurationBytes.Span),
                Identity = evidence.Identity,
            }.Compute()
            : [];

    private static Verdict Malformed(string? detail, Policy? policy, TrustAnchors anchors, DateTimeOffset at, TimeSource source) => new()
    {
        Kind = VerdictKind.Malformed,
        Appraised = policy is not null,
        Simulated = anchors.Simulated,
        Reason = FormatCheck,
        Checks = [new Check(FormatCheck, CheckResult.Failed, detail ?? "the evidence does not parse")],
        PolicyDigest = policy?.Digest ?? default,
        At = at,
        TimeSource = source,
    };
}
