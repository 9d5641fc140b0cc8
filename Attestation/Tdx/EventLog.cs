using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Verathos.Attestation.Tdx;

/// <summary>
/// The events that a guest extended its runtime measurement registers with: a CCEL table's log (TCG PC Client Platform Firmware
/// Profile, section 10; UEFI confidential computing measurement protocol), or dstack's JSON list. A log proves nothing by itself:
/// it is replayed, and its registers are compared with those of a verified quote.
/// </summary>
public sealed class EventLog
{
    private const int RegisterLength = 48;
    private const int MaximumLength = 4 << 20;
    private const int MaximumEvents = 16 * 1024;
    private const ushort Sha384 = 0x000C;
    private const uint NoAction = 3;
    private const uint DstackEvent = 0x08000001;

    private EventLog(IReadOnlyList<LoggedEvent> events) => Events = events;

    /// <summary>The events in their order.</summary>
    public IReadOnlyList<LoggedEvent> Events { get; }

    /// <summary>The four registers that the events lead to, from zero, 48 bytes each.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Replay()
    {
        byte[][] registers = [new byte[RegisterLength], new byte[RegisterLength], new byte[RegisterLength], new byte[RegisterLength]];
        byte[] input = new byte[2 * RegisterLength];
        foreach (LoggedEvent item in Events)
        {
            registers[item.Register].CopyTo(input, 0);
            item.Digest.CopyTo(input.AsMemory(RegisterLength));
            SHA384.HashData(input, registers[item.Register]);
        }

        return [.. registers.Select(register => (ReadOnlyMemory<byte>)register)];
    }

    /// <summary>Why the log is not that of a guest; null where its registers are the report's.</summary>
    public string? Differs(TdReport report)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> replayed = Replay();
        for (int i = 0; i < replayed.Count; i++)
        {
            if (!CryptographicOperations.FixedTimeEquals(replayed[i].Span, report.Rtmr(i).Span))
            {
                return $"the events lead to another RTMR{i}";
            }
        }

        return null;
    }

    /// <summary>Parses either form: JSON where the first character is a bracket, else the binary log.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out EventLog? log, out ParseError error)
    {
        log = null;
        if (bytes.Length > MaximumLength)
        {
            error = new ParseError("event log", $"{bytes.Length} bytes are more than {MaximumLength}");
            return false;
        }

        ReadOnlySpan<byte> text = bytes.Span.TrimStart(" \t\r\n"u8);
        return !text.IsEmpty && text[0] == (byte)'[' ? TryParseJson(bytes, out log, out error) : TryParseBinary(bytes, out log, out error);
    }

    private static bool TryParseJson(ReadOnlyMemory<byte> bytes, out EventLog? log, out ParseError error)
    {
        log = null;
        error = default;
        // Read as JSON, then digests and payloads as hexadecimal digits, then dstack's own hashed.
        ParseSteps.Add(3 * bytes.Length);
        try
        {
            JsonElement root = JsonElement.Parse(bytes.Span, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            List<LoggedEvent> events = [];
            foreach (JsonElement item in root.EnumerateArray())
            {
                ParseSteps.Add(1);
                int register = item.GetProperty("imr").GetInt32();
                uint type = item.GetProperty("event_type").GetUInt32();
                byte[] digest = Convert.FromHexString(item.GetProperty("digest").GetString() ?? "");
                string name = item.TryGetProperty("event", out JsonElement text) ? text.GetString() ?? "" : "";
                byte[] payload = item.TryGetProperty("event_payload", out JsonElement hex) ? Convert.FromHexString(hex.GetString() ?? "") : [];
                if (type == DstackEvent && digest.Length == 0)
                {
                    digest = DstackDigest(name, payload);
                }

                if (register is < 0 or > 3 || digest.Length != RegisterLength || events.Count == MaximumEvents)
                {
                    error = new ParseError("event log", $"event {events.Count}: a register of 0 to 3 and a digest of 48 bytes are required");
                    return false;
                }

                // dstack's own events say what they measured: type, name and payload with colons between them.
                if (type == DstackEvent && !digest.AsSpan().SequenceEqual(DstackDigest(name, payload)))
                {
                    error = new ParseError("event log", $"the digest of event {events.Count} is not that of its name and payload");
                    return false;
                }

                events.Add(new LoggedEvent(register, type, digest, name));
            }

            log = new EventLog(events);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            error = new ParseError("event log", e.Message);
            return false;
        }
    }

    private static byte[] DstackDigest(string name, byte[] payload)
    {
        byte[] type = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(type, DstackEvent);
        return SHA384.HashData([.. type, .. ":"u8, .. Encoding.UTF8.GetBytes(name), .. ":"u8, .. payload]);
    }

    // TCG_PCR_EVENT2 after a TCG_PCR_EVENT header; the register numbers are MRTD 0 and RTMR0 to RTMR3 1 to 4.
    private static bool TryParseBinary(ReadOnlyMemory<byte> bytes, out EventLog? log, out ParseError error)
    {
        log = null;
        error = default;
        ReadOnlySpan<byte> span = bytes.Span;
        const int headerLength = 32;
        if (span.Length < headerLength || BinaryPrimitives.ReadUInt32LittleEndian(span[4..]) != NoAction)
        {
            error = new ParseError("event log", "does not begin with a TCG header event", 0);
            return false;
        }

        uint specLength = BinaryPrimitives.ReadUInt32LittleEndian(span[28..]);
        if (specLength > span.Length - headerLength || !span[headerLength..].StartsWith("Spec ID Event03\0"u8))
        {
            error = new ParseError("TCG_EfiSpecIDEvent", "not there, or longer than the log", headerLength);
            return false;
        }

        List<LoggedEvent> events = [];
        int position = headerLength + (int)specLength;
        while (position < span.Length)
        {
            // Where the table's area is longer than its log, the rest is filled with ones or zeros.
            if (IsFilling(span[position..], 0xFF) || IsFilling(span[position..], 0))
            {
                break;
            }

            if (!TryReadEvent(bytes, ref position, out LoggedEvent item, out error))
            {
                return false;
            }

            if (item.Register >= 0 && item.Type != NoAction)
            {
                if (events.Count == MaximumEvents)
                {
                    error = new ParseError("event log", $"more than {MaximumEvents} events", position);
                    return false;
                }

                events.Add(item);
            }
        }

        log = new EventLog(events);
        return true;
    }

    private static bool IsFilling(ReadOnlySpan<byte> rest, byte filling)
    {
        int other = rest.IndexOfAnyExcept(filling);
        ParseSteps.Add(other < 0 ? rest.Length : other + 1);
        return other < 0;
    }

    private static bool TryReadEvent(ReadOnlyMemory<byte> bytes, ref int position, out LoggedEvent item, out ParseError error)
    {
        item = default;
        error = default;
        ReadOnlySpan<byte> span = bytes.Span;
        int start = position;
        if (span.Length - position < 12)
        {
            error = new ParseError("TCG_PCR_EVENT2", "cut", position);
            return false;
        }

        uint register = BinaryPrimitives.ReadUInt32LittleEndian(span[position..]);
        uint type = BinaryPrimitives.ReadUInt32LittleEndian(span[(position + 4)..]);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(span[(position + 8)..]);
        position += 12;
        if (register > 4 || count != 1 || span.Length - position < 2 + RegisterLength + 4 || BinaryPrimitives.ReadUInt16LittleEndian(span[position..]) != Sha384)
        {
            error = new ParseError("TCG_PCR_EVENT2", "not one SHA-384 digest for a register of 0 to 4", start);
            return false;
        }

        ReadOnlyMemory<byte> digest = bytes.Slice(position + 2, RegisterLength);
        position += 2 + RegisterLength;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(span[position..]);
        position += 4;
        if (length > span.Length - position)
        {
            error = new ParseError("eventSize", $"{length} is more than the log holds", position - 4);
            return false;
        }

        position += (int)length;
        item = new LoggedEvent((int)register - 1, type, digest, "");
        return true;
    }
}
