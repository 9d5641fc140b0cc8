using System.Text.Json;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Nvidia;

/// <summary>Recorded NVIDIA reports, chains and reference measurements, by the statements of INDEX.tsv.</summary>
public sealed class GpuVectorTests
{
    private const string Folder = "nvidia-spdm/ccc-certifier-framework-certifier-framework-for-confidential-computing/";
    private const string DriverRim = "nvidia-rim/nvidia-nvtrust/Driver_RIM_test_no_gpu.swidtag";
    private const string VbiosRim = "nvidia-rim/nvidia-nvtrust/1010_0200_882_96005E0001_test_no_gpu.swidtag";
    private static readonly DateTimeOffset In2024 = new(2024, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private static GpuEvidence Complete => new(
        VectorTable.Read(Folder + "attestationReport-bb0c8426.bin"), VectorTable.Read(Folder + "chain-50948C723FC935C7BD14B7C22833DFBE1DFD1145.pem"));

    [Fact]
    public void The_complete_recorded_report_equals_both_references()
    {
        Verdict verdict = Appraise(Complete, VectorTable.Read(VbiosRim), VectorTable.Read(DriverRim));

        Assert.True(verdict.IsAccepted, $"{verdict.Reason} {verdict.Find(verdict.Reason)}");
        Assert.False(verdict.Appraised);
        Assert.False(verdict.Simulated);
        Assert.Equal("driver 21 of 21, VBIOS 12 of 12 equal the references", verdict.Find(CheckNames.GpuMeasurements)!.Value.Detail);
        Assert.Equal("1010_0200_882", verdict.Claims["gpu.0.board"]);
        Assert.Equal("96.00.5E.00.01", verdict.Claims["gpu.0.vbios"]);
        Assert.Equal("545.00", verdict.Claims["gpu.0.driver"]);
        Assert.Equal("GH100", verdict.Claims["gpu.0.chip"]);
    }

    /// <summary>Several files have the VBIOS's version, for other boards and for this one; the order in which they come decides nothing.</summary>
    [Fact]
    public void Among_all_recorded_references_those_of_the_report_are_found()
    {
        byte[][] all = [.. VectorTable.Index("nvidia-rim").Where(row => row.Path.EndsWith(".swidtag", StringComparison.Ordinal)).Select(row => VectorTable.Read(row.Path))];

        foreach (byte[][] order in (byte[][][])[all, [.. all.Reverse()]])
        {
            Verdict verdict = Appraise(Complete, order);
            Assert.True(verdict.IsAccepted, $"{verdict.Reason} {verdict.Find(verdict.Reason)}");
            Assert.Equal("driver 21 of 21, VBIOS 12 of 12 equal the references", verdict.Find(CheckNames.GpuMeasurements)!.Value.Detail);
        }

        Verdict without = Appraise(Complete, [.. all.Where(file => !file.AsSpan().SequenceEqual(VectorTable.Read(VbiosRim)))]);
        Assert.Equal(CheckNames.GpuMeasurements, without.Reason);
    }

    [Fact]
    public void Without_references_measurements_are_not_compared_and_the_report_is_rejected()
    {
        Verdict verdict = Appraise(Complete);

        Assert.Equal(VerdictKind.Rejected, verdict.Kind);
        Assert.Equal(CheckNames.CollateralMissing, verdict.Reason);
        Assert.Equal(CheckResult.Passed, verdict.Find(CheckNames.GpuSignature)!.Value.Result);
        Assert.StartsWith("measurements not compared", verdict.Find(CheckNames.GpuMeasurements)!.Value.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expired_reference_signer_is_refused_by_name()
    {
        Verdict verdict = Appraiser.AppraiseGpu(
            Complete, [VectorTable.Read(DriverRim), VectorTable.Read(VbiosRim)], null, null, TrustAnchors.Production,
            new DateTimeOffset(2025, 12, 1, 0, 0, 0, TimeSpan.Zero), TimeSource.Asserted);

        Assert.Equal(CheckNames.GpuDriverRim, verdict.Reason);
        Assert.Contains("valid from", verdict.Find(CheckNames.GpuDriverRim)!.Value.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void The_request_nonce_decides_and_not_the_response_nonce()
    {
        GpuReport report = Parse(Complete.Report);
        Verdict right = Appraise(Complete, report.RequestNonce, VectorTable.Read(VbiosRim), VectorTable.Read(DriverRim));
        Verdict wrong = Appraise(Complete, report.ResponseNonce, VectorTable.Read(VbiosRim), VectorTable.Read(DriverRim));

        Assert.True(right.IsAccepted, right.Reason);
        Assert.Equal(CheckNames.GpuNonce, wrong.Reason);
    }

    [Fact]
    public void Every_indexed_report_and_chain_has_the_stated_validity()
    {
        List<string> wrong = [];
        int reports = 0, chains = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("nvidia-spdm"))
        {
            if (row.Kind.StartsWith("SPDM", StringComparison.Ordinal))
            {
                reports++;
                bool valid = ChainsBeside(row).Any(chain =>
                {
                    Verdict verdict = Appraise(new GpuEvidence(VectorTable.Read(row.Path), chain));
                    return Passed(verdict, CheckNames.GpuFormat) && Passed(verdict, CheckNames.GpuChain) && Passed(verdict, CheckNames.GpuSignature)
                        && Passed(verdict, CheckNames.GpuFirmwareId);
                });
                if (valid != row.Expected.StartsWith("SIG VALID", StringComparison.Ordinal))
                {
                    wrong.Add($"{row.Path}: {row.Expected}");
                }
            }
            else if (row.Kind.Contains("chain", StringComparison.Ordinal))
            {
                chains++;
                bool valid = PemReader.TryRead(VectorTable.Read(row.Path), out IReadOnlyList<Certificate> certificates, out _)
                    && CertificatePath.TryBuild(certificates, TrustAnchors.Production.NvidiaDeviceRootSpki.Span, out CertificatePath? path, out _)
                    && path!.Certificates.Count == 5;
                if (valid == row.Expected.Contains("BAD", StringComparison.Ordinal))
                {
                    wrong.Add($"{row.Path}: {row.Expected}");
                }
            }
        }

        Assert.Equal(23, reports);
        Assert.Equal(18, chains);
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_indexed_reference_file_has_the_stated_validity()
    {
        List<string> wrong = [];
        int files = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("nvidia-rim").Where(row => row.Kind.StartsWith("SWID", StringComparison.Ordinal)))
        {
            files++;
            VerifiedRim? rim = VerifiedRim.Verify(VectorTable.Read(row.Path), TrustAnchors.Production.NvidiaRimRootSpki.Span, out ParseError error);
            string got = rim is null ? error.ToString() : rim.Problem ?? "valid";
            string expected = row.Expected.StartsWith("XML DIGEST+SIGNATURE VALID", StringComparison.Ordinal) ? "valid"
                : row.Expected.Contains("wrong root", StringComparison.Ordinal) ? "the signer's chain does not hold"
                : "the document was changed";
            if (!got.StartsWith(expected, StringComparison.Ordinal))
            {
                wrong.Add($"{row.Path}: {row.Expected}: {got}");
            }
        }

        Assert.Equal(18, files);
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_reference_with_one_changed_measurement_is_refused_by_the_reference_check()
    {
        string text = System.Text.Encoding.UTF8.GetString(VectorTable.Read(DriverRim));
        string changed = text.Replace("0e0ee161", "0e0ee162", StringComparison.Ordinal);
        Assert.NotEqual(text, changed);

        Verdict verdict = Appraise(Complete, VectorTable.Read(VbiosRim), System.Text.Encoding.UTF8.GetBytes(changed));

        Assert.Equal(CheckNames.GpuDriverRim, verdict.Reason);
    }

    [Theory]
    [InlineData("00cf009602", null)]
    [InlineData("00cf009602000000", "96.00.CF.00.02")]
    [InlineData("005e009601000000", "96.00.5E.00.01")]
    [InlineData("39362e31302e37332e30302e3031", "96.10.73.00.01")]
    public void Vbios_bytes_are_read_in_the_device_order(string hex, string? expected) =>
        Assert.Equal(expected, GpuReport.FormatVbios(Convert.FromHexString(hex)));

    private static IEnumerable<byte[]> ChainsBeside(VectorTable.IndexRow row)
    {
        if (row.Collateral.Length > 0)
        {
            yield return VectorTable.Read(row.Collateral);
            yield break;
        }

        string folder = Path.GetDirectoryName(Vectors.Path(row.Path))!;
        foreach (string file in Directory.EnumerateFiles(folder, "*.json"))
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            JsonElement root = document.RootElement;
            JsonElement list = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("evidences", out JsonElement evidences) ? evidences : root;
            foreach (JsonElement item in list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().ToArray() : [list])
            {
                if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("certificate", out JsonElement certificate))
                {
                    yield return Convert.FromBase64String(certificate.GetString()!);
                }
            }
        }

        foreach (string file in Directory.EnumerateFiles(folder, "chain-*.pem"))
        {
            yield return File.ReadAllBytes(file);
        }
    }

    private static Verdict Appraise(GpuEvidence evidence, params byte[][] rims) =>
        Appraiser.AppraiseGpu(evidence, [.. rims.Select(rim => (ReadOnlyMemory<byte>)rim)], null, null, TrustAnchors.Production, In2024, TimeSource.Asserted);

    private static Verdict Appraise(GpuEvidence evidence, ReadOnlyMemory<byte> nonce, params byte[][] rims) =>
        Appraiser.AppraiseGpu(evidence, [.. rims.Select(rim => (ReadOnlyMemory<byte>)rim)], nonce, null, TrustAnchors.Production, In2024, TimeSource.Asserted);

    private static GpuReport Parse(ReadOnlyMemory<byte> bytes) =>
        GpuReport.TryParse(bytes, out GpuReport? report, out ParseError error) ? report! : throw new InvalidOperationException(error.ToString());

    private static bool Passed(Verdict verdict, string name) => verdict.Find(name)?.Result == CheckResult.Passed;
}
