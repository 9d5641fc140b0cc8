using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Tests.Batch;
using Verathos.Attestation.Tests.Dcap;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Tdx;

/// <summary>Event logs: dstack's recorded ones, and a CCEL that is minted, since no recorded one comes with its quote.</summary>
public sealed class EventLogTests
{
    [Theory]
    [InlineData("tdx-eventlog/dstack-tee-dstack/quote-report.json")]
    [InlineData("tdx-eventlog/dstack-tee-dstack/tdx-lite-getquote.json")]
    public void A_recorded_dstack_log_leads_to_its_quotes_registers(string path)
    {
        JsonObject file = JsonNode.Parse(VectorTable.Read(path))!.AsObject();
        JsonNode log = file["event_log"] is JsonValue text ? JsonNode.Parse(text.GetValue<string>())! : file["event_log"]!;
        byte[] quote = Convert.FromHexString(file["quote"]!.GetValue<string>());
        JsonObject line = new() { ["evidence_b64"] = Convert.ToBase64String(quote), ["event_log"] = log.DeepClone() };
        Assert.Equal("passed", BatchVerifierTests.Result(BatchVerifierTests.Verify(line), CheckNames.TdxEventLog));

        JsonArray shorter = log.DeepClone().AsArray();
        shorter.RemoveAt(shorter.Count - 1);
        line["event_log"] = shorter;
        Assert.Equal("failed", BatchVerifierTests.Result(BatchVerifierTests.Verify(line), CheckNames.TdxEventLog));

        JsonArray moved = log.DeepClone().AsArray();
        moved[0]!["imr"] = 1;
        line["event_log"] = moved;
        Assert.Equal("failed", BatchVerifierTests.Result(BatchVerifierTests.Verify(line), CheckNames.TdxEventLog));
    }

    [Fact]
    public void A_name_that_the_digest_does_not_cover_is_refused()
    {
        JsonObject item = new() { ["imr"] = 3, ["event_type"] = 0x08000001, ["digest"] = new string('0', 96), ["event"] = "compose-hash", ["event_payload"] = "00" };
        Assert.False(EventLog.TryParse(System.Text.Encoding.UTF8.GetBytes(new JsonArray(item).ToJsonString()), out _, out ParseError error));
        Assert.Contains("digest", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_minted_CCEL_leads_to_its_registers()
    {
        byte[] a = SHA384.HashData([1]), b = SHA384.HashData([2]);
        byte[] log = [.. Header(), .. Event(1, 0x80000008, a, [9, 9]), .. Event(2, 13, b, []), .. Event(0, 1, a, []), .. Event(1, 3, b, [7]), .. Enumerable.Repeat((byte)0xFF, 100)];
        Assert.True(EventLog.TryParse(log, out EventLog? parsed, out ParseError error), error.ToString());
        Assert.Equal(2, parsed!.Events.Count);
        IReadOnlyList<ReadOnlyMemory<byte>> registers = parsed.Replay();
        Assert.Equal(SHA384.HashData([.. new byte[48], .. a]), registers[0].ToArray());
        Assert.Equal(SHA384.HashData([.. new byte[48], .. b]), registers[1].ToArray());
        Assert.Equal(new byte[48], registers[3].ToArray());

        byte[] body = TestIntel.Body(DcapBodyType.Tdx10);
        registers[0].CopyTo(body.AsMemory(328));
        registers[1].CopyTo(body.AsMemory(376));
        Assert.Null(parsed.Differs(new TdReport(body)));
        body[472 + 47] ^= 1;
        Assert.Contains("RTMR3", parsed.Differs(new TdReport(body)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(32)]
    [InlineData(28)]
    public void A_header_that_is_none_is_refused(int offset)
    {
        byte[] log = Header();
        log[offset] ^= 0x7F;
        Assert.False(EventLog.TryParse(log, out _, out _));
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(8, 2)]
    [InlineData(12, 4)]
    [InlineData(62, 9)]
    public void An_event_that_is_none_is_refused(int offset, byte value)
    {
        byte[] item = Event(1, 13, new byte[48], [1]);
        item[offset] = value;
        Assert.False(EventLog.TryParse((byte[])[.. Header(), .. item], out _, out ParseError error));
        Assert.NotEqual("", error.Problem);
    }

    private static byte[] Header()
    {
        byte[] spec = [.. "Spec ID Event03\0"u8, .. new byte[17]];
        byte[] header = new byte[32];
        header[4] = 3;
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(28), spec.Length);
        return [.. header, .. spec];
    }

    private static byte[] Event(int register, uint type, byte[] digest, byte[] data)
    {
        byte[] head = new byte[14];
        BinaryPrimitives.WriteInt32LittleEndian(head, register);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), type);
        head[8] = 1;
        head[12] = 0x0C;
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
        return [.. head, .. digest, .. length, .. data];
    }
}
