using System.Collections.Immutable;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Nvidia;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>Reports that a genuine GPU signed and whose measurement record or opaque data lies about its shape.</summary>
public sealed class GpuRecordDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private static readonly GpuReportSpec Gpu = new() { Nonce = new byte[32] };
    private readonly byte[] nonce = DrillNode.FreshNonce();

    public static TheoryData<string, string> Malformed => new(Cases.Select(item => (item.Key, item.Value.Detail)));

    private static Dictionary<string, (GpuReportSpec Spec, string Detail)> Cases { get; } = new(StringComparer.Ordinal)
    {
        ["an index twice"] = (Laid(blocks => [.. blocks[..5], blocks[0], .. blocks[6..]]), "index 1 is reserved or appears twice"),
        ["a block added twice at the end"] = (Laid(blocks => [.. blocks, blocks[63]]), "index 64 is reserved or appears twice"),
        ["index zero"] = (Laid(blocks => [blocks[0] with { Index = 0 }, .. blocks[1..]]), "index 0 is reserved or appears twice"),
        ["another specification"] = (Changed(7, block => block with { Specification = 2 }), "not a DMTF measurement"),
        ["no specification"] = (Changed(0, block => block with { Specification = 0 }), "not a DMTF measurement"),
        ["a size one too large"] = (Changed(7, block => block with { Size = 52 }), "not a DMTF measurement"),
        ["a size one too small"] = (Changed(7, block => block with { Size = 50 }), "not a DMTF measurement"),
        ["a size of all that follows"] = (Changed(0, block => block with { Size = ushort.MaxValue }), "not a DMTF measurement"),
        ["a size that hides the next block"] = (Changed(6, block => block with { Size = 51 + 55 }), "not a DMTF measurement"),
        ["a value size one too large"] = (Changed(7, block => block with { ValueSize = 49 }), "not a DMTF measurement"),
        ["a value size of zero"] = (Changed(7, block => block with { ValueSize = 0 }), "not a DMTF measurement"),
        ["a value of SHA-256"] = (Changed(7, block => block with { Value = new byte[32] }), "not a DMTF measurement"),
        ["a value of SHA-512"] = (Changed(63, block => block with { Value = new byte[64] }), "not a DMTF measurement"),
        ["an empty last value"] = (Changed(63, block => block with { Value = [] }), "the record ends inside it"),
        ["one block more than there is"] = (Gpu with { DeclaredBlocks = 65 }, "the record ends inside it"),
        ["one block fewer than there is"] = (Gpu with { DeclaredBlocks = 63 }, "bytes follow the last block"),
        ["no blocks declared"] = (Gpu with { DeclaredBlocks = 0 }, "bytes follow the last block"),
        ["255 blocks declared"] = (Gpu with { DeclaredBlocks = 255 }, "the record ends inside it"),
        ["a byte after the last block"] = (Gpu with { RecordTail = [0] }, "bytes follow the last block"),
        ["a record longer than the report"] = (Gpu with { DeclaredRecordLength = 0xFFFFFF }, "more than the report holds"),
        ["a record one byte longer"] = (Gpu with { DeclaredRecordLength = (64 * 55) + 1 }, "does not fill the report"),
        ["a record one byte shorter"] = (Gpu with { DeclaredRecordLength = (64 * 55) - 1 }, "does not fill the report"),
        ["an empty record"] = (Gpu with { DeclaredRecordLength = 0 }, "does not fill the report"),
        ["opaque data one byte longer"] = (Longer(1), "does not fill the report"),
        ["opaque data one byte shorter"] = (Longer(-1), "does not fill the report"),
        ["half a header after the last field"] = (Gpu with { OpaqueTail = [36, 0] }, "a field header is cut"),
        ["a field that ends behind the data"] = (Gpu with { OpaqueTail = [99, 0, 1, 0] }, "longer than the data"),
        ["a second mode"] = (Gpu with { FeatureFlag = 2, OpaqueTail = [36, 0, 2, 0, 0, 0] }, "appears twice"),
        ["another request version"] = (Gpu with { SpdmVersion = 0x12 }, "not an SPDM 1.1 GET_MEASUREMENTS"),
        ["another response version"] = (Gpu with { ResponseSpdmVersion = 0x10 }, "not SPDM 1.1 MEASUREMENTS"),
        ["another request"] = (Gpu with { RequestCode = 0xE1 }, "not an SPDM 1.1 GET_MEASUREMENTS"),
        ["an error as the response"] = (Gpu with { ResponseCode = 0x7F }, "not SPDM 1.1 MEASUREMENTS"),
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_record_of_another_shape_is_malformed(string name, string detail)
    {
        Verdict verdict = Appraise(Cases[name].Spec);
        Assert.Equal((VerdictKind.Malformed, CheckNames.GpuFormat), (verdict.Kind, verdict.Reason));
        Assert.Contains(detail, verdict.Find(CheckNames.GpuFormat)?.Detail ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Blocks_in_another_order_say_the_same()
    {
        Accepted(Gpu);
        Accepted(Laid(blocks => blocks.Reverse()));
        Accepted(Laid(blocks => [.. blocks[32..], .. blocks[..32]]));
    }

    [Fact]
    public void Blocks_that_changed_places_are_refused() => DrillNode.Refused(
        Appraise(Laid(blocks => blocks.Select(block => block.Index is 2 or 3 ? block with { Index = (byte)(5 - block.Index) } : block))),
        CheckNames.GpuMeasurements);

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(41)]
    public void A_block_that_is_missing_is_no_match(int index) => DrillNode.Refused(
        Appraise(Laid(blocks => blocks.Where(block => block.Index != index))), CheckNames.GpuMeasurements);

    [Fact]
    public void A_block_that_no_manifest_asks_for_may_be_missing() => Accepted(Laid(blocks => blocks.Where(block => block.Index != 60)));

    [Fact]
    public void A_report_without_any_block_is_refused() => DrillNode.Refused(Appraise(Gpu with { Blocks = 0 }), CheckNames.GpuMeasurements);

    [Fact]
    public void A_block_beyond_the_references_changes_nothing() =>
        Accepted(Laid(blocks => [.. blocks, new() { Index = 200, Value = new byte[48] }]));

    [Fact]
    public void Opaque_data_that_nobody_knows_is_passed_over() => Accepted(
        Gpu with { Opaque = ImmutableDictionary<OpaqueField, byte[]?>.Empty.Add((OpaqueField)4711, [1, 2, 3]) });

    [Fact]
    public void A_report_without_its_versions_is_refused()
    {
        DrillNode.Refused(
            Appraise(Gpu with { Opaque = ImmutableDictionary<OpaqueField, byte[]?>.Empty.Add(OpaqueField.DriverVersion, null) }),
            CheckNames.GpuDriverRim, CheckNames.GpuMeasurements, "policy.gpu.drivers");
        DrillNode.Refused(
            Appraise(Gpu with { Opaque = ImmutableDictionary<OpaqueField, byte[]?>.Empty.Add(OpaqueField.VbiosVersion, null) }),
            CheckNames.GpuVbiosRim, CheckNames.GpuMeasurements, "policy.gpu.vbios");
    }

    private static GpuReportSpec Laid(Func<MeasurementBlockSpec[], IEnumerable<MeasurementBlockSpec>> layout) =>
        Gpu with { Layout = blocks => layout([.. blocks]) };

    private static GpuReportSpec Changed(int block, Func<MeasurementBlockSpec, MeasurementBlockSpec> change) =>
        Laid(blocks => blocks.Select((item, i) => i == block ? change(item) : item));

    // The declared length replaces the true one, which the report's other fields fix.
    private static GpuReportSpec Longer(int by)
    {
        using var plain = new DrillNode();
        int length = plain.Installation.Gpu.Mint(Gpu).Report.Length - 37 - 8 - (64 * 55) - 34 - 96;
        return Gpu with { DeclaredOpaqueLength = (ushort)(length + by) };
    }

    private Verdict Appraise(GpuReportSpec gpu) => node.Appraise(node.Show(nonce, new() { Gpus = [gpu] }));

    private void Accepted(GpuReportSpec gpu)
    {
        Verdict verdict = Appraise(gpu);
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}");
    }
}
