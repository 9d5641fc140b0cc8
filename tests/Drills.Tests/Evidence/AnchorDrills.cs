using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Host.Drills.Nodes;
using Verathos.Protocol.Hpke;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>Simulated evidence where hardware is asked for, and time that nobody vouches for.</summary>
public sealed class AnchorDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private readonly byte[] nonce = DrillNode.FreshNonce();

    [Fact]
    public void Simulated_evidence_is_refused_under_the_vendors_roots()
    {
        Verdict verdict = Appraiser.Appraise(
            node.Show(nonce), Policy.BuiltIn("tdx-h100"), TrustAnchors.Production, node.Time.GetUtcNow(), TimeSource.Verifier);
        Assert.Equal((VerdictKind.Rejected, CheckNames.QuoteChain), (verdict.Kind, verdict.Reason));
        Assert.Contains(verdict.Checks, check => check is { Name: CheckNames.GpuChain, Result: CheckResult.Failed });
        Assert.False(verdict.Simulated);
    }

    [Fact]
    public void A_production_policy_refuses_to_start_with_a_simulated_anchor()
    {
        Assert.False(Policy.BuiltIn("tdx-h100").Admits(node.Anchors, out string? error));
        Assert.Contains("production", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_production_policy_refuses_simulated_anchors_even_if_started()
    {
        Verdict verdict = node.Appraise(node.Show(nonce), Policy.BuiltIn("tdx-h100"));
        DrillNode.Refused(verdict, CheckNames.PolicyTrustAnchor);
    }

    [Fact]
    public void A_simulated_policy_refuses_the_vendors_roots()
    {
        Verdict verdict = Appraiser.Appraise(
            node.Show(nonce), DrillPolicy.Simulated, TrustAnchors.Production, node.Time.GetUtcNow(), TimeSource.Verifier);
        Assert.Equal((VerdictKind.Rejected, CheckNames.PolicyTrustAnchor), (verdict.Kind, verdict.Reason));
        Assert.False(DrillPolicy.Simulated.Admits(TrustAnchors.Production, out _));
    }

    [Fact]
    public void A_policy_that_would_admit_both_does_not_exist() => Assert.False(Policy.TryParse(
        System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(Policy.BuiltIn("tdx-h100").Raw.Span)
            .Replace("\"intel\"", "\"simulated\", \"intel\"", StringComparison.Ordinal)),
        out _,
        out _));

    [Fact]
    public void A_node_that_denies_being_simulated_is_refused()
    {
        NodeEvidence evidence = node.Show(nonce, new() { Configuration = new NodePlan().Configuration with { Simulated = false } });
        DrillNode.Refused(node.Appraise(evidence), CheckNames.ConfigurationFormat);
    }

    [Fact]
    public void Evidence_older_than_the_policy_allows_is_refused()
    {
        NodeEvidence evidence = node.Show(nonce);
        TimeSpan age = DrillPolicy.Production.Node.MaxEvidenceAge.Value + TimeSpan.FromSeconds(1);
        DrillNode.Refused(node.Appraise(evidence with { RequestedAt = node.Time.GetUtcNow() - age }), "policy.node.maxEvidenceAgeSeconds");
    }

    [Fact]
    public void Time_that_the_node_asserts_is_refused() => DrillNode.Refused(
        node.Appraise(node.Show(nonce), source: TimeSource.Asserted), "policy.node.timeSources");

    [Fact]
    public void A_keyset_that_outlives_the_policy_is_refused()
    {
        TimeSpan lifetime = DrillPolicy.Production.Node.MaxKeysetLifetime.Value + TimeSpan.FromHours(1);
        DrillNode.Refused(node.Appraise(node.Show(nonce, new() { KeysetLifetime = lifetime })), "policy.node.maxKeysetLifetimeSeconds");
    }

    [Fact]
    public void A_keyset_that_offers_no_post_quantum_key_is_refused() => DrillNode.Refused(
        node.Appraise(node.Show(nonce, new() { Kems = [HpkeKem.X25519] })), "policy.node.kems");

    [Fact]
    public void A_model_that_the_policy_does_not_list_is_refused() => DrillNode.Refused(
        node.Appraise(node.Show(nonce), DrillPolicy.ProductionWith(policy =>
            policy["node"]!["manifests"] = new System.Text.Json.Nodes.JsonArray(new string('0', 64)))),
        "policy.node.manifests");

    [Fact]
    public void An_in_process_enclave_is_refused() => DrillNode.Refused(
        node.Appraise(node.Show(nonce, new() { Configuration = new NodePlan().Configuration with { Topology = "in-process" } })),
        "policy.node.topologies");
}
