using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Verdicts;
using Verathos.Host.Drills.Nodes;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>Evidence that is genuine, and of another node, of another moment or for other keys.</summary>
public sealed class RelayDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private readonly byte[] nonce = DrillNode.FreshNonce();

    [Fact]
    public void Control_honest_evidence_is_accepted()
    {
        Verdict verdict = node.Appraise(node.Show(nonce));
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}");
        Assert.True(verdict is { Appraised: true, Simulated: true, TcbStatus: TcbStatus.UpToDate });
        Assert.DoesNotContain(verdict.Checks, check => check.Result is CheckResult.Failed);
    }

    [Fact]
    public void Control_honest_evidence_is_accepted_by_the_demonstrations_policy()
    {
        Verdict verdict = node.Appraise(node.Show(nonce), DrillPolicy.Simulated);
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}");
    }

    [Fact]
    public void Relay_a_node_presents_another_nodes_quote_with_its_own_keyset()
    {
        // Both answer the same nonce, so freshness alone does not help.
        NodeEvidence victim = node.Show(nonce);
        NodeEvidence own = node.Show(nonce);
        DrillNode.Refused(
            node.Appraise(own with { CpuEvidence = victim.CpuEvidence }),
            CheckNames.BindingReportData);
    }

    [Fact]
    public void Cuckoo_a_node_presents_all_of_anothers_evidence_but_its_own_keyset()
    {
        NodeEvidence victim = node.Show(nonce);
        NodeEvidence own = node.Show(nonce);
        DrillNode.Refused(
            node.Appraise(victim with { KeysetBytes = own.KeysetBytes }),
            CheckNames.BindingReportData, CheckNames.GpuNonce);
    }

    [Fact]
    public void A_key_is_substituted_beside_the_quote()
    {
        NodeEvidence evidence = node.Show(nonce);
        byte[] keyset = evidence.KeysetBytes.ToArray();

        // One bit of the boot id: the keyset still parses, and its keys could as well be others.
        int bootId = keyset.AsSpan().IndexOf((byte)0x50) + 1;
        keyset[bootId] ^= 1;
        DrillNode.Refused(
            node.Appraise(evidence with { KeysetBytes = keyset }),
            CheckNames.BindingReportData, CheckNames.GpuNonce);
    }

    [Fact]
    public void Evidence_for_an_earlier_nonce_is_replayed() => DrillNode.Refused(
        node.Appraise(node.Show(nonce) with { ExpectedNonce = DrillNode.FreshNonce() }),
        CheckNames.BindingReportData, CheckNames.GpuNonce);

    [Fact]
    public void A_nonce_is_forged_beside_the_report()
    {
        // The node claims that the client's nonce was in a batch; the path is free, the root that it leads to is not.
        byte[] fresh = DrillNode.FreshNonce();
        NodeEvidence evidence = node.Show(nonce);
        var forged = new NonceProof(1, 2, [SHA256.HashData([0, .. nonce])]);
        DrillNode.Refused(
            node.Appraise(evidence with { ExpectedNonce = fresh, NonceProof = forged }),
            CheckNames.BindingReportData, CheckNames.GpuNonce);
    }

    [Fact]
    public void A_nonce_proof_that_does_not_fit_its_tree_is_refused() => DrillNode.Refused(
        node.Appraise(node.Show(nonce) with { NonceProof = new NonceProof(0, 4, [new byte[32]]) }),
        CheckNames.NonceInclusion, CheckNames.BindingReportData, CheckNames.GpuNonce);

    [Fact]
    public void Nonces_of_one_batch_are_each_accepted_and_no_other_is()
    {
        byte[][] nonces = [.. Enumerable.Range(0, 5).Select(_ => DrillNode.FreshNonce())];
        NonceBatch batch = NonceBatch.Build([.. nonces.Select(n => (ReadOnlyMemory<byte>)n)]);
        NodeEvidence first = node.Show(nonces[0], batch: batch);
        for (int i = 0; i < nonces.Length; i++)
        {
            Assert.True(node.Appraise(first with { ExpectedNonce = nonces[i], NonceProof = batch.Prove(i) }).IsAccepted);
        }

        DrillNode.Refused(
            node.Appraise(first with { ExpectedNonce = nonces[1] }),
            CheckNames.BindingReportData, CheckNames.GpuNonce);
    }

    [Fact]
    public void Only_the_first_half_of_the_report_data_is_right()
    {
        NodeEvidence honest = node.Show(nonce);
        byte[] reportData = honest.CpuEvidence.Span.Slice(568, 64).ToArray();
        reportData.AsSpan(32).Clear();
        NodeEvidence evidence = honest with { CpuEvidence = node.Installation.Tdx.Mint(new() { ReportData = reportData }) };
        DrillNode.Refused(node.Appraise(evidence), CheckNames.BindingReportData);
    }

    [Fact]
    public void Something_stands_in_the_last_sixteen_bytes_of_the_report_data()
    {
        NodeEvidence honest = node.Show(nonce);
        byte[] reportData = honest.CpuEvidence.Span.Slice(568, 64).ToArray();
        reportData[63] = 1;
        NodeEvidence evidence = honest with { CpuEvidence = node.Installation.Tdx.Mint(new() { ReportData = reportData }) };
        DrillNode.Refused(node.Appraise(evidence), CheckNames.BindingReportData);
    }

    [Fact]
    public void The_weights_are_swapped_after_attestation() => DrillNode.Refused(
        node.Appraise(node.Show(nonce) with { ManifestRoot = SHA256.HashData("another model"u8) }, DrillPolicy.ProductionWith(policy =>
            policy["node"]!["manifests"] = Waived())),
        CheckNames.BindingReportData);

    [Fact]
    public void The_configuration_beside_the_quote_is_not_the_measured_one()
    {
        NodeEvidence evidence = node.Show(nonce, new() { Configuration = new NodePlan().Configuration with { Engine = "patched" } });
        DrillNode.Refused(
            node.Appraise(evidence with { ConfigurationBytes = new NodePlan().Configuration.Encode() }),
            CheckNames.BindingReportData);
    }

    [Fact]
    public void An_identity_is_claimed_that_the_quote_does_not_bind()
    {
        var identity = new NodeIdentity(new byte[32], 96, DrillNode.FreshNonce());
        Assert.True(node.Appraise(node.Show(nonce, new() { Identity = identity })).IsAccepted);
        DrillNode.Refused(node.Appraise(node.Show(nonce) with { Identity = identity }), CheckNames.BindingReportData);
    }

    [Fact]
    public void An_expired_keyset_is_refused()
    {
        NodeEvidence evidence = node.Show(nonce, new() { KeysetLifetime = TimeSpan.FromSeconds(30) });
        DrillNode.Refused(node.Appraise(evidence), CheckNames.KeysetValidity);
    }

    internal static System.Text.Json.Nodes.JsonObject Waived() => new() { ["waived"] = "not what this drill is about" };
}
