using System.Diagnostics;
using System.Security.Cryptography;
using Verathos.Attestation.Azure;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Tokens;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation;

/// <summary>
/// Evidence in, verdict out. Never throws for evidence, whatever its bytes; throws only for misuse (null arguments). Imported
/// keys, verified chains, collateral and reference measurements are kept, within bounds, for the next call.
/// </summary>
public static class Appraiser
{
    /// <summary>The claim by which the verdict of a lone quote, report or token says that no line about a node was looked at.</summary>
    public const string NodeLinesClaim = "node.lines";

    /// <summary>Appraises what a node showed for one nonce.</summary>
    /// <param name="evidence">The evidence as received, with the nonce that the verifier made.</param>
    /// <param name="policy">The policy; null verifies only, and the verdict says <c>appraised: false</c>.</param>
    /// <param name="anchors">The roots that everything must lead to.</param>
    /// <param name="at">The time of judgement.</param>
    /// <param name="source">Where that time came from.</param>
    public static Verdict Appraise(NodeEvidence evidence, Policy? policy, TrustAnchors anchors, DateTimeOffset at, TimeSource source)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(anchors);
        long start = Stopwatch.GetTimestamp();
        CheckList checks = new();
        if (PolicyAdmits(checks, policy, anchors, source))
        {
            new NodeAppraisal(checks, evidence, policy, anchors, at).Run();
        }

        return checks.ToVerdict(policy, anchors, at, source, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>
    /// Verifies a lone SGX or TDX quote. A policy's section for quotes rules on it; the lines of its section <c>node</c> cannot, and each of
    /// them that is not waived leaves the verdict unappraised (<see cref="Verdict.UnevaluatedLines"/>).
    /// </summary>
    /// <param name="quote">The quote; bytes after its end must be zero.</param>
    /// <param name="collateral">QuoteCollateralV3 JSON in UTF-8; null fails <c>collateral.missing</c>.</param>
    /// <param name="policy">The policy; null verifies only.</param>
    /// <param name="anchors">The roots that everything must lead to.</param>
    /// <param name="at">The time of judgement.</param>
    /// <param name="source">Where that time came from.</param>
    /// <param name="eventLog">The guest's event log, to be replayed; null where there is none.</param>
    public static Verdict AppraiseQuote(
        ReadOnlyMemory<byte> quote, ReadOnlyMemory<byte>? collateral, Policy? policy, TrustAnchors anchors, DateTimeOffset at, TimeSource source,
        ReadOnlyMemory<byte>? eventLog = null)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        long start = Stopwatch.GetTimestamp();
        CheckList checks = Piece("a quote", policy);
        bool sgx = DcapQuote.TryParse(quote, out DcapQuote? parsed, out _) && !parsed!.IsTdx;
        if (PolicyAdmits(checks, policy, anchors, source) && HasSection(checks, policy, sgx ? policy?.Sgx : policy?.Tdx, sgx ? "sgx" : "tdx"))
        {
            DcapAppraisal appraisal = new(checks, anchors, at);
            appraisal.Verify(quote, collateral, sgx ? policy?.Sgx?.DebugOff : policy?.Tdx?.DebugOff);
            if (eventLog is { } log)
            {
                appraisal.AddEventLog(log);
            }

            if (sgx && policy?.Sgx is not null)
            {
                appraisal.AddPolicyLines(policy.Sgx);
            }
            else if (policy?.Tdx is not null)
            {
                appraisal.AddPolicyLines(policy.Tdx);
            }
        }

        return checks.ToVerdict(policy, anchors, at, source, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>
    /// Verifies a lone SEV-SNP report, with a policy by its section <c>snp</c>. Lines about a node stay open as for a lone quote.
    /// </summary>
    /// <param name="report">The report, 1,184 bytes.</param>
    /// <param name="collateral">JSON as <see cref="SnpCollateral"/> reads it; empty fails <c>collateral.missing</c>.</param>
    /// <param name="product">The product's name, for reports of version 2, which do not say it; null where it is not known.</param>
    /// <param name="policy">The policy; null verifies only.</param>
    /// <param name="anchors">The roots that everything must lead to.</param>
    /// <param name="at">The time of judgement.</param>
    /// <param name="source">Where that time came from.</param>
    public static Verdict AppraiseSnp(
        ReadOnlyMemory<byte> report, ReadOnlyMemory<byte> collateral, string? product, Policy? policy, TrustAnchors anchors, DateTimeOffset at, TimeSource source)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        long start = Stopwatch.GetTimestamp();
        CheckList checks = Piece("a report", policy);
        if (PolicyAdmits(checks, policy, anchors, source) && HasSection(checks, policy, policy?.Snp, "snp"))
        {
            SnpAppraisal appraisal = new(checks, anchors, at);
            appraisal.Verify(report, collateral, product, policy?.Snp);
            if (policy?.Snp is not null)
            {
                appraisal.AddPolicyLines(policy.Snp);
            }
        }

        return checks.ToVerdict(policy, anchors, at, source, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>
    /// Verifies what an Azure guest shows: the HCL report with the hardware's evidence and the TPM quote. With a policy the section
    /// <c>azureHcl</c> applies and that of the hardware, and the nonce is required.
    /// </summary>
    /// <param name="evidence">An HCL report, or a JSON object as <see cref="AzureBundle"/> reads it.</param>
    /// <param name="collateral">The collateral of the hardware's evidence; empty fails <c>collateral.missing</c>.</param>
    /// <param name="expectedNonce">What the TPM quote's qualifying data must be; null where the caller made none.</param>
    /// <param name="product">The product's name, for SEV-SNP reports of version 2; null where it is not known.</param>
    /// <param name="policy">The policy; null verifies only.</param>
    /// <param name="anchors">The roots that everything must lead to.</param>
    /// <param name="at">The time of judgement.</param>
    /// <param name="source">Where that time came from.</param>
    public static Verdict AppraiseAzure(
        ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> collateral, ReadOnlyMemory<byte>? expectedNonce, string? product, Policy? policy,
        TrustAnchors anchors, DateTimeOffset at, TimeSource source)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        long start = Stopwatch.GetTimestamp();
        CheckList checks = Piece("a guest's evidence", policy);
        if (PolicyAdmits(checks, policy, anchors, source))
        {
            new AzureAppraisal(checks, anchors, at).Verify(evidence, collateral, expectedNonce, product, policy);
        }

        return checks.ToVerdict(policy, anchors, at, source, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>
    /// Verifies the tokens of an attestation service: NVIDIA's, or Microsoft Azure's. The keys are those of the given set alone. With a
    /// policy the section <c>nvidiaEat</c> or <c>azureMaa</c> applies, and the nonce is required.
    /// </summary>
    /// <param name="tokens">The token, or NVIDIA's list of tokens.</param>
    /// <param name="nvidia">True for NVIDIA's, false for Azure's.</param>
    /// <param name="collateral"><c>{"jwks": {...}}</c>; empty fails <c>collateral.missing</c>.</param>
    /// <param name="expectedNonce">The nonce that the tokens must answer; null where the caller made none.</param>
    /// <param name="policy">The policy; null verifies only.</param>
    /// <param name="anchors">The roots; where a caller gave them, the certificates of the keys must lead there.</param>
    /// <param name="at">The time of judgement.</param>
    /// <param name="source">Where that time came from.</param>
    public static Verdict AppraiseTokens(
        ReadOnlyMemory<byte> tokens, bool nvidia, ReadOnlyMemory<byte> collateral, ReadOnlyMemory<byte>? expectedNonce, Policy? policy,
        TrustAnchors anchors, DateTimeOffset at, TimeSource source)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        long start = Stopwatch.GetTimestamp();
        CheckList checks = Piece("a service's token", policy);
        if (PolicyAdmits(checks, policy, anchors, source) && (nvidia ? HasSection(checks, policy, policy?.NvidiaEat, "nvidiaEat") : HasSection(checks, policy, policy?.AzureMaa, "azureMaa")))
        {
            if (nvidia)
            {
                new NvidiaTokenAppraisal(checks, anchors, at).Verify(tokens, collateral, expectedNonce, policy?.NvidiaEat);
            }
            else
            {
                new AzureTokenAppraisal(checks, anchors, at).Verify(tokens, collateral, expectedNonce, policy?.AzureMaa);
            }
        }

        return checks.ToVerdict(policy, anchors, at, source, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>
    /// Verifies a lone GPU report, with a policy by its section <c>gpu</c>. Lines that only a node or its enclave answers stay open as for a
    /// lone quote.
    /// </summary>
    /// <param name="gpu">Report and certificate chain.</param>
    /// <param name="rims">Reference measurement files (SWID XML), in any order.</param>
    /// <param name="expectedNonce">
    /// The nonce that the report must answer, 32 bytes. Null where the caller made none: then nothing says that the report is
    /// fresh, the claims say so, and a policy rejects it.
    /// </param>
    /// <param name="policy">The policy; null verifies only.</param>
    /// <param name="anchors">The roots that everything must lead to.</param>
    /// <param name="at">The time of judgement.</param>
    /// <param name="source">Where that time came from.</param>
    public static Verdict AppraiseGpu(
        GpuEvidence gpu, IReadOnlyList<ReadOnlyMemory<byte>> rims, ReadOnlyMemory<byte>? expectedNonce,
        Policy? policy, TrustAnchors anchors, DateTimeOffset at, TimeSource source)
    {
        ArgumentNullException.ThrowIfNull(gpu);
        return AppraiseGpus([gpu], rims, [], expectedNonce, policy, anchors, at, source);
    }

    /// <summary>
    /// Verifies the reports of several GPUs and NVSwitches in one verdict: each check covers all of them, each device may be there
    /// once, and all GPUs are in one mode. A policy's lines about reports are evaluated as in the other overload.
    /// </summary>
    /// <param name="gpus">Report and certificate chain of each device.</param>
    /// <param name="rims">Reference measurement files (SWID XML), in any order.</param>
    /// <param name="ocspResponses">
    /// OCSP responses, DER. Where there are any, they must be good for every certificate; where there are none, a policy rejects that does
    /// not waive <c>gpu.revocation</c>, and without a policy a claim says that nothing was checked.
    /// </param>
    /// <param name="expectedNonce">The nonce that every report must answer; null where the caller made none.</param>
    /// <param name="policy">The policy; null verifies only.</param>
    /// <param name="anchors">The roots that everything must lead to.</param>
    /// <param name="at">The time of judgement.</param>
    /// <param name="source">Where that time came from.</param>
    public static Verdict AppraiseGpus(
        IReadOnlyList<GpuEvidence> gpus, IReadOnlyList<ReadOnlyMemory<byte>> rims, IReadOnlyList<ReadOnlyMemory<byte>> ocspResponses,
        ReadOnlyMemory<byte>? expectedNonce, Policy? policy, TrustAnchors anchors, DateTimeOffset at, TimeSource source)
    {
        ArgumentNullException.ThrowIfNull(gpus);
        ArgumentNullException.ThrowIfNull(rims);
        ArgumentNullException.ThrowIfNull(ocspResponses);
        ArgumentNullException.ThrowIfNull(anchors);
        long start = Stopwatch.GetTimestamp();
        CheckList checks = Piece("GPU evidence", policy);
        if (PolicyAdmits(checks, policy, anchors, source) && HasSection(checks, policy, policy?.Gpu, "gpu"))
        {
            RimSet references = RimSet.Create(rims, anchors);
            GpuSet set = new(checks, [.. gpus.Select(gpu => GpuAppraisal.Run(gpu, references, expectedNonce, anchors, at))]);
            set.AddReportChecks(policy?.Gpu, rims.Count, ocspResponses, at);
            if (gpus.Count > 1)
            {
                set.AddSetChecks();
            }

            if (expectedNonce is not null)
            {
                set.AddNonceCheck();
            }
            else
            {
                checks.Claim("gpu.freshness", "not checked: no expected nonce was given");
                if (policy is not null)
                {
                    checks.Fail(CheckNames.GpuNonce, "no expected nonce was given, so nothing says that the report is fresh");
                }
            }

            if (policy?.Gpu is not null)
            {
                set.AddPolicyLines(policy.Gpu, at);
                GpuSet.LeaveEnclaveLines(checks, policy.Gpu);
            }
        }

        return checks.ToVerdict(policy, anchors, at, source, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>Forgets every imported key and every kept result, as a fresh process would have none.</summary>
    public static void ClearCaches() => VerificationCache.Clear();

    internal static bool HasSection(CheckList checks, Policy? policy, object? section, string name)
    {
        if (policy is null)
        {
            return true;
        }

        checks.Add(
            $"{CheckNames.PolicySection}.{name}", section is null ? $"the policy has no section {name}, so it rejects this format" : null,
            $"the policy has a section {name}");
        return section is not null;
    }

    // What a piece cannot answer about the node that it may come from.
    private static CheckList Piece(string what, Policy? policy)
    {
        CheckList checks = new();
        checks.Claim(NodeLinesClaim, $"not looked at: this is {what} by itself, which says nothing about a node's keys, model, configuration or other hardware");
        if (policy is not null)
        {
            checks.LeaveOpen(policy.Node.MaxEvidenceAge);
            checks.LeaveOpen(policy.Node.MaxKeysetLifetime);
            checks.LeaveOpen(policy.Node.Kems);
            checks.LeaveOpen(policy.Node.Topologies);
            checks.LeaveOpen(policy.Node.Manifests);
            checks.LeaveOpen(policy.Node.Subnet);
        }

        return checks;
    }

    private static bool PolicyAdmits(CheckList checks, Policy? policy, TrustAnchors anchors, TimeSource source)
    {
        if (policy is null)
        {
            return true;
        }

        bool admitted = policy.Admits(anchors, out string? error);
        checks.Add(
            CheckNames.PolicyTrustAnchor, error,
            anchors.Given ? $"roots that were given stand in for {string.Join(" and ", policy.TrustAnchorNames)}" : string.Join(" and ", policy.TrustAnchorNames));
        checks.AddLine(policy.Node.TimeSources, "the source of the time is accepted", accepted =>
            accepted.Contains(source) ? null : $"the time is {source.ToString().ToLowerInvariant()}, which the policy does not accept");
        return admitted;
    }
}
