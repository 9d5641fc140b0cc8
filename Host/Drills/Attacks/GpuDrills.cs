using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Host.Drills.Nodes;
using Verathos.Protocol.Evidence;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Ocsp;
using Verathos.Simulator.Tdx;

namespace Verathos.Host.Drills.Attacks;

/// <summary>GPU evidence that is missing, foreign, replayed, of the wrong mode or of other firmware.</summary>
internal static class GpuDrills
{
    private static readonly GpuReportSpec s_gpu = new() { Nonce = new byte[32] };
    // What a node without a GPU cannot meet either.
    private static readonly string[] s_gpuLines =
    [
        "policy.gpu.models", "policy.gpu.drivers", "policy.gpu.vbios", "policy.gpu.switches", "policy.gpu.modes", "policy.gpu.confidentialMode", "policy.gpu.devTools", "policy.gpu.measurements",
        "policy.gpu.revocation", "policy.gpu.maxCollateralAgeSeconds",
    ];

    private static readonly NodeConfiguration s_configuration = new NodePlan().Configuration;

    public static IEnumerable<Drill> All()
    {
        yield return Edits(
            "gpu-report-foreign", "The GPU's report was made for another machine's keys.", CheckNames.GpuNonce, Sources.Peers,
            gpu => gpu with { Device = 5, Nonce = RandomNumberGenerator.GetBytes(32) });
        yield return Edits(
            "gpu-nonce-missing", "The GPU's report answers no nonce.", CheckNames.GpuNonce, Sources.Peers, gpu => gpu with { Nonce = new byte[32] });
        yield return Edits(
            "gpu-nonce-prefix", "Only the first half of the GPU's nonce is the expected one.", CheckNames.GpuNonce, Sources.Peers,
            gpu => gpu with { Nonce = [.. gpu.Nonce[..16], .. RandomNumberGenerator.GetBytes(16)] });
        yield return Edits(
            "gpu-nonce-in-the-response", "The expected nonce stands in the response, where the GPU puts one of its own.", CheckNames.GpuNonce, Sources.Formats,
            gpu => gpu with { Nonce = new byte[32], ResponseNonce = gpu.Nonce });
        yield return Edits(
            "gpu-report-not-signed", "The GPU did not sign the report.", CheckNames.GpuSignature, Sources.Peers, gpu => gpu with { Signature = SignatureFault.ForeignKey });
        yield return RogueDrills.Shows(
            "gpu-withheld", "The node binds and shows no GPU.", "policy.gpu.count", Sources.Peers,
            new NodePlan { Gpus = [], Configuration = s_configuration with { GpuConfidentialMode = null, GpuDevTools = null } }) with
        {
            Layers = s_gpuLines,
        };
        yield return RogueDrills.Shows(
            "gpu-seven-of-eight", "Seven of eight GPUs are shown.", "policy.gpu.count", Sources.Peers,
            new NodePlan { Gpus = [.. Enumerable.Range(0, 7).Select(device => s_gpu with { Device = device })] }, Eight);
        yield return RogueDrills.Shows(
            "gpu-one-for-eight", "One GPU signs eight reports.", CheckNames.GpuDistinct, Sources.Peers, new NodePlan { Gpus = [.. Enumerable.Repeat(s_gpu, 8)] }, Eight);
        yield return RogueDrills.Shows(
            "gpu-devtools", "The GPU is open to debuggers.", "policy.gpu.devTools", Sources.Peers, new NodePlan { Configuration = s_configuration with { GpuDevTools = true } });
        yield return RogueDrills.Shows(
            "gpu-confidential-mode-off", "The GPU's confidential mode is off.", "policy.gpu.confidentialMode", Sources.Peers,
            new NodePlan { Configuration = s_configuration with { GpuConfidentialMode = false } });
        yield return Reports(
            "gpu-mode-foreign", "The GPU shares its memory with others.", "policy.gpu.modes", Sources.Peers, s_gpu with { FeatureFlag = 2 });
        yield return Reports(
            "gpu-firmware-not-certified", "The report names other firmware than the GPU's certificate.", CheckNames.GpuFirmwareId, Sources.Formats, s_gpu with { CertifiedFirmwareId = new byte[48] });
        yield return Reports(
            "gpu-firmware-patched", "The GPU measures something that its vendor never released.", CheckNames.GpuMeasurements, Sources.Formats,
            s_gpu with { Measurements = ImmutableDictionary<int, byte[]>.Empty.Add(7, [.. Enumerable.Repeat((byte)7, 48)]) });
        yield return RogueDrills.Shows(
            "gpu-driver-downgraded", "An old driver comes with its own genuine reference.", "policy.gpu.drivers", Sources.Peers,
            new NodePlan { Gpus = [s_gpu with { DriverVersion = "535.86.09" }], DriverRim = new RimSpec { Kind = RimKind.Driver, Version = "535.86.09" } });
        yield return RogueDrills.Shows(
            "gpu-revoked", "The GPU's certificate was revoked.", CheckNames.GpuRevocation, Sources.Formats, new NodePlan { Ocsp = new OcspSpec { Status = 1 } });
        yield return RogueDrills.Shows(
            "gpu-reference-forged", "The driver's reference was signed by somebody else.", CheckNames.GpuDriverRim, Sources.Formats,
            new NodePlan { DriverRim = new RimSpec { Kind = RimKind.Driver, Signature = SignatureFault.ForeignKey } }) with
        {
            Layers = [CheckNames.GpuMeasurements],
        };
    }

    // Bound as it is: the enclave vouches for whatever report it was given.
    private static Drill Edits(string name, string attack, string expected, string source, Func<GpuReportSpec, GpuReportSpec> edit) =>
        RogueDrills.Shows(name, attack, expected, source, new NodePlan { GpuEdit = edit });

    private static Drill Reports(string name, string attack, string expected, string source, GpuReportSpec gpu) =>
        RogueDrills.Shows(name, attack, expected, source, new NodePlan { Gpus = [gpu] });

    private static Policy Eight(Policy policy) => DrillPolicies.Edit(policy, json => json["gpu"]!["count"] = new JsonObject { ["min"] = 8, ["max"] = 8 });
}
