using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Tests.Batch;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Tdx;

namespace Verathos.Attestation.Tests.Tdx;

/// <summary>Event logs: dstack's recorded ones, and a CCEL that is minted, since no recorded one comes with its quote.</summary>
public sealed class EventLogTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
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
        MintedEventLog log = SimulatedEventLog.Ccel(new EventLogSpec
        {
            Events = [new(0, 0x80000008, null, "", [9, 9]), new(1, 13, null, "", [1]), new(0, 3, null, "", [7]), new(2, 13, null, "", [2]), new(3, 13, null, "", [3])],
        });
        Assert.True(EventLog.TryParse(log.Bytes, out EventLog? parsed, out ParseError error), error.ToString());
        Assert.Equal(4, parsed!.Events.Count);
        Assert.Equal(SHA384.HashData([.. new byte[48], .. SHA384.HashData([9, 9])]), parsed.Replay()[0].ToArray());

        Assert.Equal(CheckResult.Passed, Appraise(log, log.Registers).Find(CheckNames.TdxEventLog)!.Value.Result);
        for (int i = 0; i < 4; i++)
        {
            byte[][] registers = [.. log.Registers.Select(register => (byte[])register.Clone())];
            registers[i][47] ^= 1;
            Verdict verdict = Appraise(log, registers);
            Assert.Equal(CheckNames.TdxEventLog, verdict.Reason);
            Assert.Contains($"RTMR{i}", verdict.Find(CheckNames.TdxEventLog)!.Value.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_minted_dstack_log_leads_to_its_registers()
    {
        MintedEventLog log = SimulatedEventLog.Dstack(new EventLogSpec
        {
            Events = [new(0, 1, new byte[48], "", []), new(3, 0x08000001, null, "compose-hash", [1, 2, 3]), new(3, 0x08000001, null, "app-id", [4])],
        });
        Assert.Equal(CheckResult.Passed, Appraise(log, log.Registers).Find(CheckNames.TdxEventLog)!.Value.Result);
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

    private Verdict Appraise(MintedEventLog log, IReadOnlyList<byte[]> registers) => Appraiser.AppraiseQuote(
        authorities.Trusted.Tdx.Mint(new TdxQuoteSpec
        {
            ReportData = new byte[64],
            Rtmr0 = registers[0],
            Rtmr1 = registers[1],
            Rtmr2 = registers[2],
            Rtmr3 = registers[3],
        }),
        authorities.Trusted.Collateral.Current, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier, log.Bytes);

    private static byte[] Header() => SimulatedEventLog.Ccel(new EventLogSpec { Tail = [] }).Bytes;

    private static byte[] Event(int register, uint type, byte[] digest, byte[] data) =>
        SimulatedEventLog.Ccel(new EventLogSpec { Events = [new(register - 1, type, digest, "", data)], Tail = [] }).Bytes[Header().Length..];
}
