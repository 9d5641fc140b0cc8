using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Verathos.Attestation;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Tdx;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>The ways in which other verifiers were seen to take "could not check" for "holds".</summary>
public sealed class FailOpenDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private readonly byte[] nonce = DrillNode.FreshNonce();

    [Fact]
    public void A_default_verdict_is_a_rejection()
    {
        Verdict verdict = default;
        Assert.False(verdict.IsAccepted);
        Assert.Equal((VerdictKind.Rejected, CheckNames.NothingChecked), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void Without_a_policy_a_verdict_says_that_nothing_was_appraised()
    {
        Verdict verdict = Appraiser.Appraise(node.Show(nonce), null, node.Anchors, node.Time.GetUtcNow(), TimeSource.Verifier);
        Assert.True(verdict is { IsAccepted: true, Appraised: false });
        Assert.True(verdict.PolicyDigest.IsEmpty);
    }

    [Fact]
    public void The_binding_somewhere_else_in_the_report_data_does_not_count()
    {
        NodeEvidence honest = node.Show(nonce);
        byte[] binding = honest.CpuEvidence.Span.Slice(568, 48).ToArray();
        byte[] shifted = [.. new byte[16], .. binding];
        DrillNode.Refused(
            node.Appraise(honest with { CpuEvidence = node.Installation.Tdx.Mint(new() { ReportData = shifted }) }),
            CheckNames.BindingReportData);
        Assert.Equal(
            CheckNames.BindingReportData,
            node.Appraise(honest with
            {
                CpuEvidence = node.Installation.Tdx.Mint(new() { ReportData = new byte[64], MrConfigId = binding }),
            }).Reason);
    }

    [Fact]
    public void A_signature_with_its_bytes_in_the_wrong_order_does_not_count()
    {
        NodeEvidence honest = node.Show(nonce);
        byte[] quote = honest.CpuEvidence.ToArray();
        quote.AsSpan(636, 32).Reverse();
        quote.AsSpan(668, 32).Reverse();
        DrillNode.Refused(node.Appraise(honest with { CpuEvidence = quote }), CheckNames.QuoteSignature);
    }

    [Fact]
    public void An_all_zero_signature_does_not_count()
    {
        NodeEvidence honest = node.Show(nonce);
        byte[] quote = honest.CpuEvidence.ToArray();
        quote.AsSpan(636, 64).Clear();
        DrillNode.Refused(node.Appraise(honest with { CpuEvidence = quote }), CheckNames.QuoteSignature);
    }

    [Fact]
    public void A_gpu_chain_that_does_not_parse_is_not_an_absent_gpu()
    {
        NodeEvidence honest = node.Show(nonce);
        Verdict verdict = node.Appraise(honest with { Gpus = [honest.Gpus[0] with { CertificateChain = "nonsense"u8.ToArray() }] });
        Assert.False(verdict.IsAccepted);
        Assert.Contains(verdict.Checks, check => check is { Name: CheckNames.GpuChain, Result: CheckResult.Failed });
    }

    [Fact]
    public void A_pck_chain_that_does_not_parse_is_refused()
    {
        Verdict verdict = node.Appraise(node.Show(nonce, new()
        {
            Quote = new TdxQuoteSpec { ReportData = new byte[64], CertificationData = "nonsense"u8.ToArray() },
        }));
        Assert.Equal((false, CheckNames.QuoteChain), (verdict.IsAccepted, verdict.Reason));
    }

    [Fact]
    public void A_root_inside_the_chain_is_not_trusted_for_being_there()
    {
        // The forger's chain is complete and consistent: leaf, intermediate and his own root.
        using var forger = new DrillNode();
        NodeEvidence honest = node.Show(nonce);
        byte[] reportData = honest.CpuEvidence.Span.Slice(568, 64).ToArray();
        Verdict verdict = node.Appraise(honest with
        {
            CpuEvidence = forger.Installation.Tdx.Mint(new() { ReportData = reportData }),
            CpuCollateral = forger.Installation.Collateral.Current,
        });
        Assert.Equal((VerdictKind.Rejected, CheckNames.QuoteChain), (verdict.Kind, verdict.Reason));
    }

    [Theory]
    [InlineData("root_ca_crl")]
    [InlineData("pck_crl")]
    [InlineData("tcb_info")]
    [InlineData("tcb_info_signature")]
    [InlineData("tcb_info_issuer_chain")]
    [InlineData("pck_crl_issuer_chain")]
    [InlineData("qe_identity")]
    [InlineData("qe_identity_signature")]
    [InlineData("qe_identity_issuer_chain")]
    public void An_empty_or_absent_member_of_the_collateral_is_refused(string member)
    {
        NodeEvidence honest = node.Show(nonce);
        foreach (Action<JsonObject> edit in new Action<JsonObject>[]
                 { json => json[member] = string.Empty, json => json[member] = null, json => json.Remove(member), json => json[member] = 0 })
        {
            JsonObject collateral = JsonNode.Parse(honest.CpuCollateral!.Value.Span)!.AsObject();
            edit(collateral);
            byte[] changed = System.Text.Encoding.UTF8.GetBytes(collateral.ToJsonString());
            Assert.False(node.Appraise(honest with { CpuCollateral = changed }).IsAccepted);
        }
    }

    [Fact]
    public void A_revocation_list_of_the_other_authority_does_not_rule_on_this_certificate()
    {
        // The processor authority's list is genuine, and says nothing about a platform authority's certificate.
        Verdict verdict = node.Appraise(node.Show(nonce, new() { Collateral = new() { Ca = PckCa.Processor } }));
        Assert.False(verdict.IsAccepted);
        Assert.StartsWith("collateral.", verdict.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sev-snp-report")]
    [InlineData("TDX-QUOTE")]
    [InlineData("")]
    public void A_format_that_the_node_names_and_nobody_knows_is_unsupported(string format)
    {
        Verdict verdict = node.Appraise(node.Show(nonce) with { CpuFormat = format });
        Assert.Equal((VerdictKind.Unsupported, CheckNames.QuoteFormat), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void An_sgx_quote_is_not_taken_for_a_tdx_quote()
    {
        Verdict verdict = node.Appraise(node.Show(nonce, new() { Quote = new TdxQuoteSpec { ReportData = new byte[64], TeeType = 0 } }));
        Assert.Equal((false, CheckNames.QuoteFormat), (verdict.IsAccepted, verdict.Reason));
    }

    [Theory]
    [InlineData(3, 2, 6, 5)]
    [InlineData(4, 4, 6, 5)]
    [InlineData(4, 2, 5, 5)]
    [InlineData(4, 2, 6, 7)]
    public void A_version_or_key_type_that_is_not_known_is_refused(ushort version, ushort keyType, ushort outer, ushort inner)
    {
        Verdict verdict = node.Appraise(node.Show(nonce, new()
        {
            Quote = new TdxQuoteSpec
            {
                ReportData = new byte[64],
                Version = version,
                AttestationKeyType = keyType,
                OuterCertificationType = outer,
                InnerCertificationType = inner,
            },
        }));
        Assert.Equal((false, CheckNames.QuoteFormat), (verdict.IsAccepted, verdict.Reason));
    }

    [Fact]
    public void A_quote_from_another_vendors_quoting_enclave_is_refused() => DrillNode.Refused(
        node.Appraise(node.Show(nonce, new() { Quote = new TdxQuoteSpec { ReportData = new byte[64], QeVendorId = new byte[16] } })),
        "policy.tdx.qeVendors");

    [Fact]
    public void An_expired_collateral_signer_is_refused()
    {
        DateTimeOffset now = node.Time.GetUtcNow();
        Verdict verdict = node.Appraise(node.Show(nonce, new()
        {
            Collateral = new() { TcbSigningNotBefore = now.AddYears(-8), TcbSigningNotAfter = now.AddDays(-1) },
        }));
        Assert.Equal((VerdictKind.Rejected, CheckNames.CollateralTcbInfo), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void Collateral_from_the_future_is_refused()
    {
        DateTimeOffset later = node.Time.GetUtcNow().AddDays(2);
        DrillNode.Refused(
            node.Appraise(node.Show(nonce, new() { Collateral = new() { IssueDate = later } })),
            CheckNames.CollateralTcbInfo, CheckNames.CollateralQeIdentity);
    }

    [Fact]
    public void An_attestation_key_that_is_no_point_of_the_curve_is_refused()
    {
        Verdict verdict = node.Appraise(node.Show(nonce, new()
        {
            Quote = new TdxQuoteSpec { ReportData = new byte[64], AttestationKey = [.. Enumerable.Repeat((byte)0xFF, 64)] },
        }));
        DrillNode.Refused(verdict, CheckNames.QuoteSignature);
    }

    [Fact]
    public void The_same_evidence_is_not_accepted_a_second_time_after_its_time()
    {
        // Caches keep what was verified, never that it is still valid.
        using var own = new DrillNode();
        NodeEvidence evidence = own.Show(nonce);
        Assert.True(own.Appraise(evidence).IsAccepted);
        own.Time.Advance(TimeSpan.FromDays(31));
        Verdict verdict = own.Appraise(evidence);
        Assert.Contains(verdict.Checks, check => check is { Name: CheckNames.CollateralTcbInfo, Result: CheckResult.Failed });
        Assert.Contains(verdict.Checks, check => check is { Name: CheckNames.KeysetValidity, Result: CheckResult.Failed });
        Assert.Contains(verdict.Checks, check => check is { Name: "policy.node.maxEvidenceAgeSeconds", Result: CheckResult.Failed });
    }

    [Fact]
    public void A_cached_platform_is_refused_once_it_is_revoked()
    {
        Assert.True(node.Appraise(node.Show(nonce)).IsAccepted);
        DrillNode.Refused(
            node.Appraise(node.Show(nonce, new() { Collateral = new() { RevokedPcks = [node.Installation.Tdx.PckSerialNumber(new())] } })),
            CheckNames.CollateralRevocation);
        Assert.True(node.Appraise(node.Show(SHA256.HashData(nonce))).IsAccepted);
    }

    [Fact]
    public void A_revoked_intermediate_is_refused()
    {
        byte[] intermediate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(
            File.ReadAllText(Path.Combine(node.Folder, "authority", "intel-pck-platform-ca.crt"))).SerialNumberBytes.ToArray();
        Verdict verdict = node.Appraise(node.Show(nonce, new() { Collateral = new() { RevokedByRoot = [intermediate] } }));
        DrillNode.Refused(verdict, CheckNames.CollateralRevocation);
    }
}
