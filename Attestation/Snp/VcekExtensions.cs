using System.Formats.Asn1;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Snp;

/// <summary>AMD's extensions of a VCEK or VLEK certificate (AMD VCEK and KDS interface specification 57230, table 8).</summary>
public sealed class VcekExtensions
{
    private const string Arc = "1.3.6.1.4.1.3704.1";

    private VcekExtensions(string productName, SnpTcb tcb, ReadOnlyMemory<byte>? hardwareId, string? cspId)
    {
        ProductName = productName;
        Tcb = tcb;
        HardwareId = hardwareId;
        CspId = cspId;
    }

    /// <summary>Such as <c>Milan-B0</c> or <c>Turin</c>.</summary>
    public string ProductName { get; }

    /// <summary>The TCB that the key was derived from.</summary>
    public SnpTcb Tcb { get; }

    /// <summary>The chip's identifier, 64 bytes or on Turin 8; null for a VLEK.</summary>
    public ReadOnlyMemory<byte>? HardwareId { get; }

    /// <summary>The cloud provider that a VLEK is lent to; null for a VCEK.</summary>
    public string? CspId { get; }

    /// <summary>A VLEK names a provider and no chip, a VCEK a chip and no provider; null where the certificate is neither.</summary>
    public SnpSigningKey? Kind => (HardwareId, CspId) switch
    {
        (not null, null) => SnpSigningKey.Vcek,
        (null, not null) => SnpSigningKey.Vlek,
        _ => null,
    };

    /// <summary>Reads the extensions; product name and the four SVNs are required.</summary>
    public static bool TryParse(Certificate certificate, out VcekExtensions? extensions, out ParseError error)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        extensions = null;
        error = default;
        try
        {
            extensions = new VcekExtensions(
                Text(certificate, "2") ?? throw new AsnContentException("the product name is missing"),
                new SnpTcb(
                    Svn(certificate, "3.1") ?? throw Missing("blSPL"), Svn(certificate, "3.2") ?? throw Missing("teeSPL"),
                    Svn(certificate, "3.3") ?? throw Missing("snpSPL"), Svn(certificate, "3.8") ?? throw Missing("ucodeSPL"), Svn(certificate, "3.9")),
                ReadHardwareId(certificate), Text(certificate, "5"));
            return true;
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException)
        {
            error = new ParseError("VCEK certificate", e.Message);
            return false;
        }
    }

    private static AsnContentException Missing(string name) => new($"{name} is missing");

    // An INTEGER of 0 to 255: 0x80 and above have a leading zero octet.
    private static byte? Svn(Certificate certificate, string arc)
    {
        if (certificate.Extension($"{Arc}.{arc}") is not { } value)
        {
            return null;
        }

        AsnReader reader = new(value, AsnEncodingRules.DER);
        bool ok = reader.TryReadInt32(out int number) && number is >= 0 and <= byte.MaxValue;
        reader.ThrowIfNotEmpty();
        return ok ? (byte)number : throw new AsnContentException($"the SVN {arc} is out of range");
    }

    private static string? Text(Certificate certificate, string arc)
    {
        if (certificate.Extension($"{Arc}.{arc}") is not { } value)
        {
            return null;
        }

        AsnReader reader = new(value, AsnEncodingRules.DER);
        string text = reader.ReadCharacterString(reader.PeekTag().HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.UTF8String))
            ? UniversalTagNumber.UTF8String
            : UniversalTagNumber.IA5String);
        reader.ThrowIfNotEmpty();
        return text;
    }

    // AMD writes the octets bare; an OCTET STRING around them is taken too.
    private static ReadOnlyMemory<byte>? ReadHardwareId(Certificate certificate)
    {
        if (certificate.Extension($"{Arc}.4") is not { } value)
        {
            return null;
        }

        ReadOnlyMemory<byte> octets = value.Length is 66 or 10 && value.Span[0] == 4 && value.Span[1] == value.Length - 2 ? value[2..] : value;
        return octets.Length is 64 or 8 ? octets : throw new AsnContentException($"the hardware identifier has {octets.Length} octets");
    }
}
