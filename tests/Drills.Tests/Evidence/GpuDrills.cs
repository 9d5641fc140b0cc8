using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Verathos.Attestation;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Verdicts;
using Verathos.Host.Drills.Nodes;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>GPU evidence that is missing, foreign, of the wrong mode or of other firmware.</summary>
public sealed class GpuDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private static readonly GpuReportSpec Gpu = new() { Nonce = new byte[32] };
    private readonly byte[] nonce = DrillNode.FreshNonce();

    [Fact]
    public void No_gpu_evidence_is_refused()
    {
        // The node is honest about having bound none; withholding must not be better than failing.
        NodePlan plan = new() { Gpus = [], Configuration = new NodePlan().Configuration with { GpuConfidentialMode = null, GpuDevTools = null } };
        Verdict verdict = node.Appraise(node.Show(nonce, plan));
        Assert.Equal((VerdictKind.Rejected, "policy.gpu.count"), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void Gpu_evidence_withheld_on_the_way_is_refused()
    {
        Verdict verdict = node.Appraise(node.Show(nonce) with { Gpus = [], GpuRims = [] });
        Assert.False(verdict.IsAccepted);
        Assert.Contains(verdict.Checks, check => check is { Name: "policy.gpu.count", Result: CheckResult.Failed });
        Assert.Contains(verdict.Checks, check => check is { Name: CheckNames.BindingReportData, Result: CheckResult.Failed });
    }

    [Fact]
    public void Seven_of_eight_gpus_are_refused()
    {
        var eight = DrillPolicy.ProductionWith(policy => policy["gpu"]!["count"] = new JsonObject { ["min"] = 8, ["max"] = 8 });
        ImmutableArray<GpuReportSpec> gpus = [.. Enumerable.Range(0, 8).Select(device => Gpu with { Device = device })];
        Verdict all = node.Appraise(node.Show(nonce, new() { Gpus = gpus }), eight);
        Assert.True(all.IsAccepted, $"{all.Reason}: {all.Find(all.Reason)?.Detail}");
        DrillNode.Refused(node.Appraise(node.Show(nonce, new() { Gpus = gpus[..7] }), eight), "policy.gpu.count");
    }

    [Fact]
    public void One_gpu_that_answers_for_eight_is_refused()
    {
        var eight = DrillPolicy.ProductionWith(policy => policy["gpu"]!["count"] = new JsonObject { ["min"] = 8, ["max"] = 8 });
        DrillNode.Refused(
            node.Appraise(node.Show(nonce, new() { Gpus = [.. Enumerable.Repeat(Gpu, 8)] }), eight), CheckNames.GpuDistinct);
    }

    [Fact]
    public void A_gpu_report_taken_from_another_nodes_evidence_is_refused()
    {
        NodeEvidence other = node.Show(nonce, new() { Gpus = [Gpu with { Device = 5 }] });
        DrillNode.Refused(
            node.Appraise(node.Show(nonce) with { Gpus = other.Gpus, GpuOcspResponses = other.GpuOcspResponses }), CheckNames.BindingReportData, CheckNames.GpuNonce);
    }

    [Fact]
    public void A_gpu_report_of_another_machine_is_refused_even_if_the_enclave_bound_it()
    {
        byte[] recorded = node.Show(nonce).Gpus[0].Report.Slice(4, 32).ToArray();
        DrillNode.Refused(
            Appraise(new() { GpuEdit = gpu => gpu with { Device = 5, Nonce = recorded } }), CheckNames.GpuNonce);
    }

    [Fact]
    public void A_gpu_of_another_authority_is_refused()
    {
        using var forger = new DrillNode();
        NodeEvidence honest = node.Show(nonce);
        byte[] asked = honest.Gpus[0].Report.Slice(4, 32).ToArray();
        Attestation.GpuEvidence forged = DrillNode.Wrap(forger.Installation.Gpu.Mint(Gpu with { Nonce = asked }));
        Verdict verdict = node.Appraise(honest with { Gpus = [forged] });
        Assert.Equal((VerdictKind.Rejected, CheckNames.GpuChain), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void A_report_without_the_nonce_is_refused() =>
        DrillNode.Refused(Appraise(new() { GpuEdit = gpu => gpu with { Nonce = new byte[32] } }), CheckNames.GpuNonce);

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(31)]
    public void A_nonce_that_agrees_in_its_first_bytes_only_is_refused(int prefix) => DrillNode.Refused(
        Appraise(new()
        {
            GpuEdit = gpu => gpu with { Nonce = [.. gpu.Nonce[..prefix], (byte)~gpu.Nonce[prefix], .. gpu.Nonce[(prefix + 1)..]] },
        }),
        CheckNames.GpuNonce);

    [Fact]
    public void The_right_nonce_in_the_response_does_not_replace_the_requests() => DrillNode.Refused(
        Appraise(new() { GpuEdit = gpu => gpu with { Nonce = new byte[32], ResponseNonce = gpu.Nonce } }), CheckNames.GpuNonce);

    [Fact]
    public void A_nonce_written_into_a_recorded_report_is_refused()
    {
        NodeEvidence old = node.Show(DrillNode.FreshNonce());
        NodeEvidence honest = node.Show(nonce);
        byte[] report = old.Gpus[0].Report.ToArray();
        honest.Gpus[0].Report.Span.Slice(4, 32).CopyTo(report.AsSpan(4));
        DrillNode.Refused(
            node.Appraise(honest with { Gpus = [honest.Gpus[0] with { Report = report }] }),
            CheckNames.GpuSignature, CheckNames.BindingReportData);
    }

    [Fact]
    public void Devtools_mode_is_refused() => DrillNode.Refused(
        Appraise(new() { Configuration = new NodePlan().Configuration with { GpuDevTools = true } }), "policy.gpu.devTools");

    [Fact]
    public void Confidential_mode_off_is_refused() => DrillNode.Refused(
        Appraise(new() { Configuration = new NodePlan().Configuration with { GpuConfidentialMode = false } }), "policy.gpu.confidentialMode");

    [Fact]
    public void A_gpu_in_another_mode_is_refused() => DrillNode.Refused(
        Appraise(new() { Gpus = [Gpu with { FeatureFlag = 2 }] }), "policy.gpu.modes");

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void A_report_that_the_gpu_did_not_sign_is_refused(SignatureFault fault) => DrillNode.Refused(
        Appraise(new() { Gpus = [Gpu with { Signature = fault }] }), CheckNames.GpuSignature);

    [Fact]
    public void Firmware_that_the_leaf_does_not_name_is_refused() => DrillNode.Refused(
        Appraise(new() { Gpus = [Gpu with { CertifiedFirmwareId = new byte[48] }] }), CheckNames.GpuFirmwareId);

    [Theory]
    [InlineData(7)]
    [InlineData(32)]
    [InlineData(3)]
    public void Firmware_that_measures_something_else_is_refused(int rimIndex) => DrillNode.Refused(
        Appraise(new() { Gpus = [Gpu with { Measurements = ImmutableDictionary<int, byte[]>.Empty.Add(rimIndex, [.. Enumerable.Repeat((byte)7, 48)]) }] }),
        CheckNames.GpuMeasurements);

    [Fact]
    public void An_older_driver_with_its_own_manifest_is_refused() => DrillNode.Refused(
        Appraise(new()
        {
            Gpus = [Gpu with { DriverVersion = "535.86.09" }],
            DriverRim = new() { Kind = RimKind.Driver, Version = "535.86.09" },
        }),
        "policy.gpu.drivers");

    [Fact]
    public void An_older_vbios_with_its_own_manifest_is_refused() => DrillNode.Refused(
        Appraise(new()
        {
            Gpus = [Gpu with { VbiosVersion = "96.00.30.00.01" }],
            VbiosRim = new() { Kind = RimKind.Vbios, Version = "96.00.30.00.01" },
        }),
        "policy.gpu.vbios");

    [Fact]
    public void A_manifest_of_another_driver_version_is_refused() => Assert.Equal(
        CheckNames.GpuDriverRim, Appraise(new() { DriverRim = new() { Kind = RimKind.Driver, Version = "535.86.09" } }).Reason);

    [Fact]
    public void A_manifest_edited_after_signing_is_refused() => Assert.Equal(
        CheckNames.GpuDriverRim,
        Appraise(new()
        {
            DriverRim = new() { Kind = RimKind.Driver, EditSigned = xml => xml.Replace("index=\"50\" active=\"False\"", "index=\"50\" active=\"false\"", StringComparison.Ordinal) },
        }).Reason);

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void A_manifest_that_was_not_signed_is_refused(SignatureFault fault) => Assert.Equal(
        CheckNames.GpuVbiosRim, Appraise(new() { VbiosRim = new() { Kind = RimKind.Vbios, Signature = fault } }).Reason);

    [Fact]
    public void A_missing_manifest_is_not_a_match()
    {
        NodeEvidence honest = node.Show(nonce);
        Assert.Equal(CheckNames.GpuDriverRim, node.Appraise(honest with { GpuRims = [honest.GpuRims[1]] }).Reason);
        Assert.Equal(CheckNames.GpuVbiosRim, node.Appraise(honest with { GpuRims = [honest.GpuRims[0]] }).Reason);
    }

    private Verdict Appraise(NodePlan plan) => node.Appraise(node.Show(nonce, plan));
}
