using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Verathos.Simulator.Tdx;

/// <summary>
/// Writes the event logs of simulated guests: CCEL (TCG PC Client Platform Firmware Profile, section 10.2, with the registers of the UEFI
/// confidential computing protocol) and dstack's list.
/// </summary>
public static class SimulatedEventLog
{
    private const uint NoAction = 3;
    private const uint DstackEvent = 0x08000001;
    private const ushort Sha384 = 0x000C;

    /// <summary>A CCEL log: a header event, then one TCG_PCR_EVENT2 for each event, whose registers are counted from 1.</summary>
    public static MintedEventLog Ccel(EventLogSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        byte[] specification =
        [
            .. Encoding.ASCII.GetBytes(spec.Signature), 0, 0, 0, 0, 0, 2, 0, 2, .. Little(1), (byte)Sha384, 0, 48, 0, 0,
        ];
        using MemoryStream log = new();
        log.Write([.. Little(0), .. Little(NoAction), .. new byte[20], .. Little((uint)specification.Length), .. specification]);
        foreach (EventLogSpec.Event item in spec.Events)
        {
            log.Write(
            [
                .. Little((uint)item.Register + 1), .. Little(item.Type), .. Little(1), (byte)Sha384, 0, .. Digest(item), .. Little((uint)item.Data.Length),
                .. item.Data,
            ]);
        }

        log.Write(spec.Tail);
        return new MintedEventLog(log.ToArray(), Registers(spec));
    }

    /// <summary>dstack's list of events, JSON in UTF-8.</summary>
    public static MintedEventLog Dstack(EventLogSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        JsonArray list = new([.. spec.Events.Select(item => (JsonNode)new JsonObject
        {
            ["imr"] = item.Register,
            ["event_type"] = item.Type,
            ["digest"] = Convert.ToHexStringLower(Digest(item)),
            ["event"] = item.Name,
            ["event_payload"] = Convert.ToHexStringLower(item.Data),
        })]);
        return new MintedEventLog(Encoding.UTF8.GetBytes(list.ToJsonString()), Registers(spec));
    }

    private static List<byte[]> Registers(EventLogSpec spec)
    {
        List<byte[]> registers = [.. Enumerable.Range(0, 4).Select(_ => new byte[48])];
        foreach (EventLogSpec.Event item in spec.Events.Where(item => item.Type != NoAction))
        {
            registers[item.Register] = SHA384.HashData([.. registers[item.Register], .. Digest(item)]);
        }

        return registers;
    }

    private static byte[] Digest(EventLogSpec.Event item) =>
        item.Digest ?? SHA384.HashData(item.Type == DstackEvent ? [.. Little(item.Type), .. ":"u8, .. Encoding.UTF8.GetBytes(item.Name), .. ":"u8, .. item.Data] : item.Data);

    private static byte[] Little(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
