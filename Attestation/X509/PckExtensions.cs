using System.Formats.Asn1;

namespace Verathos.Attestation.X509;

/// <summary>The SGX extensions of a PCK certificate (Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5).</summary>
public sealed class PckExtensions
{
    internal const string Oid = "1.2.840.113741.1.13.1";

    private PckExtensions(byte[] ppid, byte[] componentSvns, int pceSvn, byte[] cpuSvn, byte[] pceId, byte[] fmspc)
    {
        Ppid = ppid;
        ComponentSvns = componentSvns;
        PceSvn = pceSvn;
        CpuSvn = cpuSvn;
        PceId = pceId;
        Fmspc = fmspc;
    }

    /// <summary>Platform provisioning identifier, 16 bytes.</summary>
    public ReadOnlyMemory<byte> Ppid { get; }

    /// <summary>The sixteen SGX TCB component SVNs.</summary>
    public ReadOnlyMemory<byte> ComponentSvns { get; }

    /// <summary>SVN of the provisioning certification enclave.</summary>
    public int PceSvn { get; }

    /// <summary>CPUSVN, 16 bytes.</summary>
    public ReadOnlyMemory<byte> CpuSvn { get; }

    /// <summary>PCE identifier, 2 bytes.</summary>
    public ReadOnlyMemory<byte> PceId { get; }

    /// <summary>Family, model, stepping, platform type and custom SKU, 6 bytes.</summary>
    public ReadOnlyMemory<byte> Fmspc { get; }

    /// <summary>Reads the extensions; every one of those above is required, once.</summary>
    public static bool TryParse(Certificate certificate, out PckExtensions? extensions, out ParseError error)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        extensions = null;
        error = default;
        if (certificate.Extension(Oid) is not { } value)
        {
            error = new ParseError("PCK certificate", "the SGX extension is missing");
            return false;
        }

        try
        {
            extensions = Parse(value);
            return true;
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException or OverflowException)
        {
            error = new ParseError("PCK certificate", $"SGX extension: {e.Message}");
            return false;
        }
    }

    private static PckExtensions Parse(ReadOnlyMemory<byte> value)
    {
        ParseSteps.Add(3 * value.Length);
        Dictionary<string, AsnReader> fields = ReadPairs(new AsnReader(value, AsnEncodingRules.DER), wholeInput: true);
        Dictionary<string, AsnReader> tcb = ReadPairs(Take(fields, $"{Oid}.2"), wholeInput: true);
        byte[] svns = new byte[16];
        for (int i = 0; i < svns.Length; i++)
        {
            svns[i] = checked((byte)ReadUnsigned(Take(tcb, $"{Oid}.2.{i + 1}")));
        }

        return new PckExtensions(
            ReadOctets(Take(fields, $"{Oid}.1"), 16), svns, ReadUnsigned(Take(tcb, $"{Oid}.2.17")), ReadOctets(Take(tcb, $"{Oid}.2.18"), 16),
            ReadOctets(Take(fields, $"{Oid}.3"), 2), ReadOctets(Take(fields, $"{Oid}.4"), 6));
    }

    private static Dictionary<string, AsnReader> ReadPairs(AsnReader outer, bool wholeInput)
    {
        Dictionary<string, AsnReader> pairs = new(StringComparer.Ordinal);
        AsnReader sequence = outer.ReadSequence();
        if (wholeInput)
        {
            outer.ThrowIfNotEmpty();
        }

        while (sequence.HasData)
        {
            AsnReader pair = sequence.ReadSequence();
            string oid = pair.ReadObjectIdentifier();
            ParseSteps.Add(oid.Length);
            AsnReader item = new(pair.ReadEncodedValue(), AsnEncodingRules.DER);
            pair.ThrowIfNotEmpty();
            if (!pairs.TryAdd(oid, item))
            {
                throw new AsnContentException($"{oid} appears twice");
            }
        }

        return pairs;
    }

    private static AsnReader Take(Dictionary<string, AsnReader> fields, string oid) =>
        fields.TryGetValue(oid, out AsnReader? reader) ? reader : throw new AsnContentException($"{oid} is missing");

    private static int ReadUnsigned(AsnReader reader) =>
        reader.TryReadInt32(out int number) && number is >= 0 and <= ushort.MaxValue ? number : throw new AsnContentException("an SVN is out of range");

    private static byte[] ReadOctets(AsnReader reader, int length)
    {
        byte[] octets = reader.ReadOctetString();
        return octets.Length == length ? octets : throw new AsnContentException($"{octets.Length} octets where {length} are required");
    }
}
