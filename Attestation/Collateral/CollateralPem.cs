using System.Security.Cryptography;
using System.Text;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral;

/// <summary>Writes certificates as PEM (RFC 7468).</summary>
internal static class CollateralPem
{
    public static byte[] Write(IEnumerable<Certificate> certificates)
    {
        StringBuilder pem = new();
        foreach (Certificate certificate in certificates)
        {
            pem.Append(PemEncoding.WriteString("CERTIFICATE", certificate.Der.Span)).Append('\n');
        }

        return Encoding.ASCII.GetBytes(pem.ToString());
    }
}
