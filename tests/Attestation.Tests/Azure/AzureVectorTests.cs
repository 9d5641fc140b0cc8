using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Azure;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Azure;

/// <summary>Recorded Azure evidence, by the statements of INDEX.tsv, and each check by a changed copy that only it rejects.</summary>
public sealed class AzureVectorTests
{
    private const string Bundle = "azure-hcl/confidential-containers-trustee/snp-vtpm__evidence-v2.json";
    private static readonly DateTimeOffset At = new(2025, 8, 1, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Bundles => new(
        "azure-hcl/confidential-containers-trustee/snp-vtpm__evidence-v0.json",
        Bundle,
        "azure-hcl/confidential-containers-trustee/snp-vtpm__evidence-genoa.json",
        "azure-hcl/confidential-containers-trustee/tdx-vtpm__evidence-v0.json",
        "azure-hcl/confidential-containers-trustee/tdx-vtpm__evidence-v1.json",
        "azure-hcl/confidential-dot-ai-attestation-rs/tdx__evidence-v1.json",
        "azure-hcl/confidential-dot-ai-c8s-verify-js/az-snp-bundle.json",
        "azure-hcl/confidential-dot-ai-c8s-verify-js/az-tdx-evidence.json");

    [Fact]
    public void Every_indexed_HCL_report_binds_its_runtime_data_or_is_malformed()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("azure-hcl").Where(row => row.Kind.StartsWith("HCLA", StringComparison.Ordinal)))
        {
            rows++;
            Verdict verdict = Appraise(VectorTable.Read(row.Path));
            bool bound = row.Expected.Contains("BOUND", StringComparison.Ordinal);
            bool right = bound
                ? Result(verdict, CheckNames.HclRuntimeData) == CheckResult.Passed && Result(verdict, CheckNames.HclAttestationKey) == CheckResult.Passed
                : verdict.Kind == VerdictKind.Malformed;
            if (!right)
            {
                wrong.Add($"{row.Path}: {row.Expected}: {verdict.Reason} {verdict.Find(verdict.Reason)}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(15, rows);
    }

    [Theory]
    [MemberData(nameof(Bundles))]
    public void A_recorded_bundle_has_a_valid_TPM_quote_under_the_hardwares_report(string path)
    {
        Verdict verdict = Appraise(VectorTable.Read(path));

        foreach (string name in (string[])[CheckNames.HclRuntimeData, CheckNames.HclHardware, CheckNames.TpmSignature, CheckNames.TpmRegisters])
        {
            Assert.True(Result(verdict, name) == CheckResult.Passed, $"{name}: {verdict.Find(name)}");
        }

        string[] hardware = path.Contains("tdx", StringComparison.Ordinal) ? [CheckNames.QuoteChain, CheckNames.QuoteSignature] : [CheckNames.SnpChain, CheckNames.SnpSignature];
        foreach (string name in hardware)
        {
            Assert.True(Result(verdict, name) == CheckResult.Passed, $"{name}: {verdict.Find(name)}");
        }

        Assert.Equal(CheckNames.CollateralMissing, verdict.Reason);
    }

    [Fact]
    public void The_recorded_bundle_that_lost_a_character_is_malformed()
    {
        Verdict verdict = Appraise(VectorTable.Read("azure-hcl/confidential-dot-ai-c8s-verify-js/az-snp-milan-2.json"));
        Assert.Equal((VerdictKind.Malformed, CheckNames.HclFormat), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void The_whole_nonce_counts()
    {
        Assert.True(AzureBundle.TryParse(VectorTable.Read(Bundle), out AzureBundle? bundle, out _));
        Assert.True(TpmQuote.TryParse(bundle!.TpmMessage!.Value, out TpmQuote? quote, out _));
        byte[] nonce = quote!.QualifyingData.ToArray();
        Assert.Equal(CheckResult.Passed, Result(Appraise(VectorTable.Read(Bundle), nonce), CheckNames.TpmNonce));
        Assert.Equal(CheckResult.Failed, Result(Appraise(VectorTable.Read(Bundle), nonce[..^1]), CheckNames.TpmNonce));
        Assert.Equal(CheckResult.Failed, Result(Appraise(VectorTable.Read(Bundle), [.. nonce, 0]), CheckNames.TpmNonce));
    }

    [Fact]
    public void A_nonce_without_a_TPM_quote_is_not_answered()
    {
        Assert.True(AzureBundle.TryParse(VectorTable.Read(Bundle), out AzureBundle? bundle, out _));
        Assert.Equal(CheckResult.Failed, Result(Appraise(bundle!.HclReport.ToArray(), new byte[32]), CheckNames.TpmNonce));
    }

    [Fact]
    public void A_key_beside_the_evidence_is_not_the_key_inside_it()
    {
        // The quote of one guest under the report of another: each is genuine, and the key inside did not sign.
        JsonObject one = Node(Bundle);
        JsonObject other = Node("azure-hcl/confidential-dot-ai-c8s-verify-js/az-snp-bundle.json")["evidence"]!.AsObject();
        one["tpm_quote"] = other["tpm_quote"]!.DeepClone();
        Verdict verdict = Appraise(Bytes(one));
        Assert.Equal(CheckResult.Failed, Result(verdict, CheckNames.TpmSignature));
        Assert.Equal(CheckResult.Passed, Result(verdict, CheckNames.TpmRegisters));
    }

    [Fact]
    public void A_changed_register_is_rejected()
    {
        JsonObject changed = Node(Bundle);
        changed["tpm_quote"]!["pcrs"]![4] = new string('0', 64);
        Verdict verdict = Appraise(Bytes(changed));
        Assert.Equal(CheckResult.Failed, Result(verdict, CheckNames.TpmRegisters));
        Assert.Equal(CheckResult.Passed, Result(verdict, CheckNames.TpmSignature));
    }

    [Fact]
    public void Report_data_is_compared_whole_and_nowhere_searched_for()
    {
        Assert.True(AzureBundle.TryParse(VectorTable.Read(Bundle), out AzureBundle? bundle, out _));
        byte[] report = bundle!.HclReport.ToArray();
        report[0x20 + 0x50 + 63] = 1;
        Assert.Equal(CheckResult.Failed, Result(Appraise(report), CheckNames.HclRuntimeData));

        // The right hash elsewhere in the first kilobyte helps nothing.
        byte[] moved = bundle.HclReport.ToArray();
        byte[] hash = moved[(0x20 + 0x50)..(0x20 + 0x50 + 32)];
        moved.AsSpan(0x20 + 0x50, 32).Clear();
        hash.CopyTo(moved, 0x20 + 0xC0);
        Assert.Equal(CheckResult.Failed, Result(Appraise(moved), CheckNames.HclRuntimeData));
    }

    [Theory]
    [InlineData(1216 + 4, VerdictKind.Malformed)]
    [InlineData(1216 + 8, VerdictKind.Unsupported)]
    [InlineData(1216 + 12, VerdictKind.Unsupported)]
    [InlineData(1216 + 16, VerdictKind.Malformed)]
    [InlineData(0, VerdictKind.Malformed)]
    [InlineData(2599, VerdictKind.Malformed)]
    public void Constants_are_held_to(int offset, VerdictKind kind)
    {
        Assert.True(AzureBundle.TryParse(VectorTable.Read(Bundle), out AzureBundle? bundle, out _));
        byte[] report = bundle!.HclReport.ToArray();
        report[offset] ^= 3;
        Verdict verdict = Appraiser.AppraiseAzure(report, default, null, null, null, TrustAnchors.Production, At, TimeSource.Asserted);
        Assert.Equal((kind, CheckNames.HclFormat), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void A_TDREPORT_without_a_quote_proves_nothing()
    {
        JsonObject changed = Node("azure-hcl/confidential-containers-trustee/tdx-vtpm__evidence-v1.json");
        changed.Remove("td_quote");
        Assert.Equal(CheckNames.HclHardware, Appraise(Bytes(changed)).Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void A_structure_that_is_no_TPM_quote_is_malformed(int offset)
    {
        JsonObject changed = Node(Bundle);
        byte[] message = Convert.FromHexString(changed["tpm_quote"]!["message"]!.GetValue<string>());
        message[offset] ^= 1;
        changed["tpm_quote"]!["message"] = Convert.ToHexString(message);
        Verdict verdict = Appraise(Bytes(changed));
        Assert.Equal(CheckResult.Failed, Result(verdict, CheckNames.TpmFormat));
        Assert.Equal(VerdictKind.Malformed, verdict.Kind);
    }

    private static Verdict Appraise(byte[] evidence, byte[]? nonce = null) => Appraiser.AppraiseAzure(
        evidence, default, nonce is null ? (ReadOnlyMemory<byte>?)null : nonce, "Milan", null, TrustAnchors.Production, At, TimeSource.Asserted) is var verdict
            && verdict.Find(CheckNames.SnpProduct) is { Result: CheckResult.Failed }
        ? Appraiser.AppraiseAzure(evidence, default, nonce is null ? (ReadOnlyMemory<byte>?)null : nonce, null, null, TrustAnchors.Production, At, TimeSource.Asserted)
        : verdict;

    private static JsonObject Node(string path) => JsonNode.Parse(VectorTable.Read(path))!.AsObject();

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private static CheckResult? Result(Verdict verdict, string name) => verdict.Find(name)?.Result;
}
