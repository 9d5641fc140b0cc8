using System.Formats.Asn1;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Nvidia;

/// <summary>The firmware identifiers in a device certificate (TCG DICE Attestation Architecture, FWID in TcbInfo and CompositeDeviceID).</summary>
internal static class FirmwareIdentifier
{
    private const string CompositeDeviceIdOid = "2.23.133.5.4.1";
    private const string TcbInfoOid = "2.23.133.5.4.1.1";
    private const string Sha384Oid = "2.16.840.1.101.3.4.2.2";

    /// <summary>Every SHA-384 FWID of the certificate; empty where it has none or they do not parse.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Read(Certificate certificate)
    {
        List<ReadOnlyMemory<byte>> found = [];
        ReadOnlyMemory<byte>? value = certificate.Extension(CompositeDeviceIdOid) ?? certificate.Extension(TcbInfoOid);
        if (value is { } bytes)
        {
            try
            {
                Collect(new AsnReader(bytes, AsnEncodingRules.DER), found, depth: 0);
            }
            catch (AsnContentException)
            {
                return [];
            }
        }

        return found;
    }

    private static void Collect(AsnReader reader, List<ReadOnlyMemory<byte>> found, int depth)
    {
        while (reader.HasData)
        {
            Asn1Tag tag = reader.PeekTag();
            if (!tag.IsConstructed || depth > 4)
            {
                reader.ReadEncodedValue();
                continue;
            }

            // Under a universal tag of another type, such as SET, the reader would throw for the argument and not for the content.
            if (tag.TagClass == TagClass.Universal && !tag.HasSameClassAndValue(Asn1Tag.Sequence))
            {
                throw new AsnContentException("a constructed value that is no SEQUENCE");
            }

            ReadOnlyMemory<byte> encoded = reader.PeekEncodedValue();
            AsnReader sequence = reader.ReadSequence(tag);
            if (!TryReadFwid(encoded, tag, found))
            {
                Collect(sequence, found, depth + 1);
            }
        }
    }

    // FWID ::= SEQUENCE { hashAlg OBJECT IDENTIFIER, digest OCTET STRING }
    private static bool TryReadFwid(ReadOnlyMemory<byte> encoded, Asn1Tag tag, List<ReadOnlyMemory<byte>> found)
    {
        if (!tag.HasSameClassAndValue(Asn1Tag.Sequence))
        {
            return false;
        }

        AsnReader sequence = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        if (!sequence.HasData || !sequence.PeekTag().HasSameClassAndValue(Asn1Tag.ObjectIdentifier) || sequence.ReadObjectIdentifier() != Sha384Oid
            || !sequence.HasData || !sequence.PeekTag().HasSameClassAndValue(Asn1Tag.PrimitiveOctetString))
        {
            return false;
        }

        byte[] digest = sequence.ReadOctetString();
        if (sequence.HasData || digest.Length != 48)
        {
            return false;
        }

        found.Add(digest);
        return true;
    }
}
