using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Nvidia;

/// <summary>Several devices in one verdict: NVIDIA's recorded lists, and lists that were tampered with.</summary>
public sealed class GpuListTests
{
    private const string Gpus = "nvidia-spdm/nvidia-nvtrust/gpu_evidence.json";
    private const string Switches = "nvidia-spdm/nvidia-nvtrust/switch_evidence.json";
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(Gpus)]
    [InlineData(Switches)]
    public void A_recorded_list_holds_in_everything_but_its_missing_references(string path)
    {
        byte[] list = VectorTable.Read(path);
        Assert.Equal(EvidenceFormat.GpuReport, EvidenceFormats.Recognise(list));
        Verdict verdict = Appraise(list);
        Assert.Equal(CheckNames.CollateralMissing, verdict.Reason);
        foreach (string name in (string[])[CheckNames.GpuChain, CheckNames.GpuSignature, CheckNames.GpuDistinct, CheckNames.GpuOneMode, CheckNames.GpuOneNonce])
        {
            Assert.True(verdict.Find(name)?.Result == CheckResult.Passed, $"{name}: {verdict.Find(name)}");
        }
    }

    [Fact]
    public void A_device_that_is_there_twice_is_rejected()
    {
        JsonArray list = Node(Gpus);
        list[3] = list[2]!.DeepClone();
        Assert.Equal(CheckResult.Failed, Appraise(Bytes(list)).Find(CheckNames.GpuDistinct)!.Value.Result);
    }

    [Fact]
    public void A_device_that_answers_another_nonce_is_rejected()
    {
        JsonArray list = Node(Gpus);
        list[3] = Node("nvidia-spdm/nvidia-attestation-sdk/serialized_test_evidence__hopper_evidence.json")[0]!.DeepClone();
        Assert.Equal(CheckResult.Failed, Appraise(Bytes(list)).Find(CheckNames.GpuOneNonce)!.Value.Result);
    }

    [Fact]
    public void One_device_with_another_devices_certificates_fails_all()
    {
        JsonArray list = Node(Gpus);
        list[0]!["certificate"] = list[1]!["certificate"]!.DeepClone();
        Verdict verdict = Appraise(Bytes(list));
        Assert.StartsWith("GPU 0", verdict.Find(CheckNames.GpuSignature)!.Value.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_that_does_not_parse_is_not_read_as_absent()
    {
        Assert.True(GpuEvidenceList.TryParse(VectorTable.Read(Gpus), out IReadOnlyList<GpuEvidence> devices, out _));
        Verdict verdict = Appraiser.AppraiseGpus(devices, [], [new byte[] { 1, 2, 3 }], null, null, TrustAnchors.Production, At, TimeSource.Asserted);
        Assert.Equal(CheckResult.Failed, verdict.Find(CheckNames.GpuRevocation)!.Value.Result);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[1]")]
    [InlineData("[{\"evidence\":\"!\",\"certificate\":\"\"}]")]
    [InlineData("{\"evidences\":3}")]
    public void A_list_that_cannot_be_read_is_malformed(string text)
    {
        Assert.False(GpuEvidenceList.TryParse(Encoding.UTF8.GetBytes(text), out _, out ParseError error));
        Assert.NotEqual("", error.Problem);
    }

    private static Verdict Appraise(byte[] list) => new BatchVerifier(TimeProvider.System).Appraise(
        new BatchRequest { Evidence = list, Format = EvidenceFormat.GpuReport, At = At });

    private static JsonArray Node(string path) => JsonNode.Parse(VectorTable.Read(path))!.AsArray();

    private static byte[] Bytes(JsonArray list) => Encoding.UTF8.GetBytes(list.ToJsonString());
}
