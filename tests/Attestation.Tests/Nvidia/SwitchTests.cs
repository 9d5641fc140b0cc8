using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Nvidia;

namespace Verathos.Attestation.Tests.Nvidia;

/// <summary>NVSwitches beside GPUs, minted: no recorded switch comes with its references.</summary>
public sealed class SwitchTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private static readonly byte[] Nonce = new byte[32];

    [Fact]
    public void Switches_beside_GPUs_are_accepted()
    {
        Verdict bare = Appraise(null);
        Assert.True(bare.IsAccepted, $"{bare.Reason}: {bare.Find(bare.Reason)}");
        Assert.Equal("LS_10", bare.Claims["gpu.1.chip"]);
        Assert.Equal(SwitchReference.FirmwareVersion, bare.Claims["gpu.1.vbios"]);

        Verdict appraised = Appraise(With(2, 2, SwitchReference.FirmwareVersion));
        Assert.True(appraised.IsAccepted, $"{appraised.Reason}: {appraised.Find(appraised.Reason)}");
    }

    [Fact]
    public void Their_number_and_firmware_are_lines_of_their_own()
    {
        Assert.Equal(["policy.gpu.switches"], Failed(Appraise(With(0, 1, SwitchReference.FirmwareVersion))));
        Assert.Equal(["policy.gpu.switches"], Failed(Appraise(With(3, 4, SwitchReference.FirmwareVersion))));
        Assert.Equal(["policy.gpu.switchVbios"], Failed(Appraise(With(2, 2, "96.10.73.00.02"))));
    }

    [Fact]
    public void A_switch_is_no_GPU_and_needs_its_own_references()
    {
        Assert.Contains("policy.gpu.count", Failed(Appraise(With(2, 2, SwitchReference.FirmwareVersion), gpus: 0)));
        Verdict without = Appraise(null, rim: false);
        Assert.Equal(CheckNames.GpuVbiosRim, without.Reason);
        Assert.Contains(SwitchReference.FirmwareVersion, without.Find(CheckNames.GpuVbiosRim)!.Value.Detail, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Failed(Verdict verdict) =>
        verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name);

    private static Policy With(int least, int most, string firmware)
    {
        JsonNode root = JsonNode.Parse(SimulatedAuthorities.Simulated.Raw.Span)!;
        root["gpu"]!["switches"] = new JsonObject { ["min"] = least, ["max"] = most };
        root["gpu"]!["switchVbios"] = new JsonArray(firmware);
        return Policy.TryParse(Encoding.UTF8.GetBytes(root.ToJsonString()), out Policy? policy, out IReadOnlyList<string> errors)
            ? policy!
            : throw new InvalidOperationException(string.Join("; ", errors));
    }

    private Verdict Appraise(Policy? policy, int gpus = 1, bool rim = true)
    {
        MintedGpuEvidence[] minted =
        [
            .. Enumerable.Range(0, gpus).Select(i => authorities.Trusted.Gpu.Mint(new GpuReportSpec { Device = i, Nonce = Nonce })),
            .. Enumerable.Range(8, 2).Select(i => authorities.Trusted.Gpu.Mint(SwitchReference.Report(Nonce, i))),
        ];
        List<ReadOnlyMemory<byte>> rims = [authorities.Trusted.Rim.Driver, authorities.Trusted.Rim.Vbios];
        if (rim)
        {
            rims.Add(authorities.Trusted.Rim.Mint(SwitchReference.Rim()));
        }

        return Appraiser.AppraiseGpus(
            [.. minted.Select(item => new GpuEvidence(item.Report, item.CertificateChain))], rims,
            [.. minted.SelectMany(item => authorities.Answers(item.CertificateChain))], Nonce, policy, authorities.Anchors, SimulatedAuthorities.Now,
            TimeSource.Verifier);
    }
}
