using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Verathos.Simulator.Authorities;

/// <summary>Names as the real certificates encode them: one attribute a set, in the order given, never reversed.</summary>
internal static class DistinguishedName
{
    private const string CommonName = "2.5.4.3";
    private const string SerialNumber = "2.5.4.5";
    private const string Country = "2.5.4.6";
    private const string Locality = "2.5.4.7";
    private const string State = "2.5.4.8";
    private const string Organization = "2.5.4.10";

    // The organisation says whose it is, so that nobody who prints a simulated certificate takes it for hardware.
    private const string Simulated = "Verathos simulator";

    /// <summary>CN, O, L, ST, C: the order of Intel's certificates.</summary>
    public static X500DistinguishedName Intel(string commonName) => Encode(
        (CommonName, commonName), (Organization, Simulated), (Locality, "Santa Clara"), (State, "CA"), (Country, "US"));

    /// <summary>CN, O: the order of NVIDIA's upper device authorities.</summary>
    public static X500DistinguishedName Nvidia(string commonName) => Encode((CommonName, commonName), (Organization, Simulated));

    /// <summary>CN, O, C: the order of NVIDIA's provisioner and of its reference-value authorities.</summary>
    public static X500DistinguishedName NvidiaWithCountry(string commonName) => Encode(
        (CommonName, commonName), (Organization, Simulated), (Country, "US"));

    /// <summary>serialNumber, C, O, CN: the order of the certificates that a GPU itself carries.</summary>
    public static X500DistinguishedName NvidiaDevice(string commonName, string serialNumber) => Encode(
        (SerialNumber, serialNumber), (Country, "US"), (Organization, Simulated), (CommonName, commonName));

    /// <summary>C, O, CN: the order of NVIDIA's RIM root.</summary>
    public static X500DistinguishedName NvidiaRimRoot(string commonName) => Encode(
        (Country, "US"), (Organization, Simulated), (CommonName, commonName));

    /// <summary>C, ST, L, O, CN: the order of NVIDIA's RIM signers.</summary>
    public static X500DistinguishedName NvidiaRimSigner(string commonName) => Encode(
        (Country, "US"), (State, "CA"), (Locality, "Santa Clara"), (Organization, Simulated), (CommonName, commonName));

    private static X500DistinguishedName Encode(params ReadOnlySpan<(string Oid, string Value)> attributes)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach ((string oid, string value) in attributes)
            {
                using (writer.PushSetOf())
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(oid);
                    writer.WriteCharacterString(
                        oid is Country or SerialNumber ? UniversalTagNumber.PrintableString : UniversalTagNumber.UTF8String,
                        value);
                }
            }
        }

        return new X500DistinguishedName(writer.Encode());
    }
}
