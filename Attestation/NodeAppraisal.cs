using System.Security.Cryptography;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation;

/// <summary>A whole node: its quote, its GPUs, and what ties them to the nonce, the keys and the model.</summary>
internal sealed class NodeAppraisal(CheckList checks, NodeEvidence evidence, Policy? policy, TrustAnchors anchors, DateTimeOffset at)
{
    private const int MaximumGpus = 64;
    private const int MaximumRims = 32;
    private const int MaximumAnswers = 256;

    private KeysetFacts? _keyset;
    private ConfigurationFacts? _configuration;

    public void Run()
    {
        if (evidence.CpuFormat != NodeEvidence.TdxQuoteFormat)
        {
            checks.Fail(CheckNames.QuoteFormat, $"evidence of the format \"{Clip(evidence.CpuFormat)}\" is not verified by this build");
            checks.Unsupported = true;
            return;
        }

        bool sections = Appraiser.HasSection(checks, policy, policy?.Tdx, "tdx");
        if (evidence.Gpus.Count > 0)
        {
            sections &= Appraiser.HasSection(checks, policy, policy?.Gpu, "gpu");
        }

        if (!sections)
        {
            return;
        }

        if (evidence.Gpus.Count > MaximumGpus || evidence.GpuRims.Count > MaximumRims || evidence.GpuOcspResponses.Count > MaximumAnswers)
        {
            checks.Fail(
                CheckNames.GpuFormat,
                $"{evidence.Gpus.Count} GPUs, {evidence.GpuRims.Count} reference files and {evidence.GpuOcspResponses.Count} OCSP answers; at most {MaximumGpus}, {MaximumRims} and {MaximumAnswers} are read");
            checks.Malformed = true;
            return;
        }

        // The quote and its collateral.
        DcapAppraisal tdx = new(checks, anchors, at) { TdxOnly = true };
        tdx.Verify(evidence.CpuEvidence, evidence.CpuCollateral, policy?.Tdx?.DebugOff);

        // The GPUs, each by itself.
        byte[] keysetDigest = SHA256.HashData(evidence.KeysetBytes.Span);
        bool included = evidence.NonceProof.TryComputeRoot(evidence.ExpectedNonce.Span, out byte[] nonceRoot);
        ReadOnlyMemory<byte>? gpuNonce = included ? GpuNonce.Derive(nonceRoot, keysetDigest) : (ReadOnlyMemory<byte>?)null;
        GpuSet? gpus = null;
        if (evidence.Gpus.Count > 0)
        {
            RimSet rims = RimSet.Create(evidence.GpuRims, anchors);
            gpus = new GpuSet(checks, [.. evidence.Gpus.Select(gpu => GpuAppraisal.Run(gpu, rims, gpuNonce, anchors, at))]);
            gpus.AddReportChecks(policy?.Gpu, evidence.GpuRims.Count, evidence.GpuOcspResponses, at);
        }

        // What ties them together.
        checks.Add(
            CheckNames.NonceInclusion, included ? null : "the inclusion proof does not lead from the nonce to a root",
            $"nonce {evidence.NonceProof.LeafIndex} of {evidence.NonceProof.TreeSize}");
        VerifyKeyset();
        VerifyConfiguration();
        VerifyBinding(tdx.Quote, included ? nonceRoot : null, keysetDigest);
        gpus?.AddBindingChecks();

        if (policy is not null)
        {
            AddNodeLines(policy.Node);
            tdx.AddPolicyLines(policy.Tdx!);
            if (policy.Gpu is not null)
            {
                AddGpuLines(policy.Gpu, gpus);
            }
        }
    }

    private void VerifyKeyset()
    {
        if (!KeysetFacts.TryParse(evidence.KeysetBytes, out _keyset, out string problem))
        {
            checks.Fail(CheckNames.KeysetValidity, problem);
            return;
        }

        checks.Add(
            CheckNames.KeysetValidity,
            at < _keyset!.NotBefore ? $"the keyset is valid from {_keyset.NotBefore.Text()}"
                : at > _keyset.NotAfter ? $"the keyset ended on {_keyset.NotAfter.Text()}"
                : null,
            $"valid until {_keyset.NotAfter.Text()}");
        checks.EndTrustAt(_keyset.NotAfter);
    }

    private void VerifyConfiguration()
    {
        string? problem = !ConfigurationFacts.TryParse(evidence.ConfigurationBytes, out _configuration) ? "the configuration does not parse"
            : _configuration!.Simulated != anchors.Simulated
                ? (_configuration.Simulated ? "the node says that it is simulated, the trust anchors are the vendors' own" : "the node says that it is not simulated, and it is")
            : null;
        checks.Add(CheckNames.ConfigurationFormat, problem, "parses, and says truly whether the node is simulated");
        if (_configuration is not null)
        {
            checks.Claim("node.topology", Clip(_configuration.Topology));
        }

        checks.Claim("node.manifestRoot", evidence.ManifestRoot.Span);
    }

    private void VerifyBinding(DcapQuote? quote, byte[]? nonceRoot, byte[] keysetDigest)
    {
        string? problem = null;
        if (quote is null || nonceRoot is null)
        {
            problem = $"not evaluated: there is no {(quote is null ? "quote" : "nonce root")}";
        }
        else if (evidence.ManifestRoot.Length != 32
            || evidence.Identity is { } identity && (identity.GenesisHash.Length != 32 || identity.Hotkey.Length != 32))
        {
            problem = "the manifest root or the identity has the wrong length";
        }
        else
        {
            BindingInput input = new()
            {
                NonceRoot = nonceRoot,
                KeysetDigest = keysetDigest,
                ManifestRoot = evidence.ManifestRoot,
                GpuEvidenceDigest = GpuEvidenceDigest.Compute(evidence.Gpus),
                ConfigurationDigest = SHA256.HashData(evidence.ConfigurationBytes.Span),
                Identity = evidence.Identity,
            };
            byte[] expected = input.ToReportData();
            checks.Claim("node.binding", expected.AsSpan(0, BindingInput.Length));
            if (!CryptographicOperations.FixedTimeEquals(expected, quote.ReportData.Span))
            {
                problem = "the quote's report data is not the binding of this nonce, keyset, model, GPUs, configuration and identity";
            }
        }

        checks.Add(CheckNames.BindingReportData, problem, "the quote binds this nonce, keyset, model, GPUs, configuration and identity");
    }

    private void AddNodeLines(NodePolicy node)
    {
        checks.AddLine(node.MaxEvidenceAge, "recent", maximum => (at - evidence.RequestedAt) switch
        {
            var age when age < TimeSpan.Zero => "the nonce is from later than the time of judgement",
            var age when age > maximum => $"the evidence is {age.TotalSeconds:F0} s old, more than {maximum.TotalSeconds:F0}",
            _ => null,
        });
        if (!node.MaxEvidenceAge.IsWaived)
        {
            checks.EndTrustAt(evidence.RequestedAt, node.MaxEvidenceAge.Value);
        }

        checks.AddLine(node.MaxKeysetLifetime, "short enough", maximum =>
            _keyset is null ? "the keyset does not parse"
            : _keyset.NotAfter - _keyset.NotBefore is var span && span <= maximum ? null
            : $"the keyset lives {span.TotalSeconds:F0} s, more than {maximum.TotalSeconds:F0}");
        checks.AddLine(node.Kems, "a key with a listed KEM is offered", accepted =>
            _keyset is null ? "the keyset does not parse"
            : _keyset.Kems.Any(accepted.Contains) ? null
            : $"the keyset offers only KEM {string.Join(", ", _keyset.Kems.Select(kem => $"0x{kem:x4}"))}, which is not listed");
        checks.AddLine(node.Topologies, "listed", accepted =>
            _configuration is null ? "the configuration does not parse"
            : accepted.Contains(_configuration.Topology) ? null
            : $"topology {Clip(_configuration.Topology)} is not listed");
        checks.AddLine(node.Manifests, evidence.ModelRoots.Count == 0 ? "the model is listed" : "every model is listed", FindUnlisted);
        checks.AddLine(node.Subnet, "the node binds an identity of this subnet", subnet =>
            evidence.Identity is not { } identity ? "the node binds no identity"
            : identity.GenesisHash.Span.SequenceEqual(subnet.GenesisHash.Span) && identity.NetworkUid == subnet.NetworkUid ? null
            : "the node's identity is of another subnet");
    }

    private void AddGpuLines(GpuPolicy gpu, GpuSet? gpus)
    {
        if (gpus is null)
        {
            GpuSet.FailPolicyLines(checks, gpu);
            return;
        }

        gpus.AddPolicyLines(gpu, at);
        checks.AddLine(gpu.ConfidentialModeOn, "the measured enclave found it on", _ =>
            _configuration?.GpuConfidentialMode == true ? null : "the enclave does not say that confidential mode is on");
        checks.AddLine(gpu.DevToolsOff, "the measured enclave found it off", _ =>
            _configuration?.GpuDevTools == false ? null : "the enclave does not say that DEVTOOLS mode is off");
    }

    /// <summary>What a list of models lacks: a node's only one, or any of several unless the whole of them is listed.</summary>
    private string? FindUnlisted(IReadOnlyList<ReadOnlyMemory<byte>> accepted)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> served = evidence.ModelRoots.Count == 0 || Lists(evidence.ManifestRoot) ? [evidence.ManifestRoot] : evidence.ModelRoots;
        int unlisted = served.TakeWhile(Lists).Count();
        return unlisted == served.Count ? null : $"manifest root {Convert.ToHexStringLower(served[unlisted].Span)} is not listed";

        bool Lists(ReadOnlyMemory<byte> root) => accepted.Any(item => item.Span.SequenceEqual(root.Span));
    }

    private static string Clip(string text) => text.Length <= 40 ? text : text[..40];
}
