using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Verathos.Attestation.X509;

/// <summary>Reads certificates from PEM (RFC 7468).</summary>
public static class PemReader
{
    private const int MaximumCertificates = 16;

    /// <summary>
    /// Reads all certificates in a PEM text. Only white space may stand between them; NUL bytes may follow the last.
    /// </summary>
    /// <param name="pem">ASCII text.</param>
    /// <param name="certificates">The certificates in the order of the text; at least one.</param>
    /// <param name="error">What is wrong.</param>
    public static bool TryRead(ReadOnlySpan<byte> pem, out IReadOnlyList<Certificate> certificates, out ParseError error)
    {
        List<Certificate> list = [];
        certificates = list;
        error = default;
        ReadOnlySpan<byte> text = pem.TrimEnd((byte)0);
        if (!Ascii.IsValid(text))
        {
            error = new ParseError("PEM", "the text is not ASCII");
            return false;
        }

        string rest = Encoding.ASCII.GetString(text);
        ReadOnlySpan<char> remaining = rest;
        while (!remaining.Trim().IsEmpty)
        {
            if (!PemEncoding.TryFind(remaining, out PemFields fields) || !remaining[..fields.Location.Start].Trim().IsEmpty
                || !remaining[fields.Label].SequenceEqual("CERTIFICATE"))
            {
                error = new ParseError("PEM", "something other than certificates");
                return false;
            }

            if (list.Count == MaximumCertificates)
            {
                error = new ParseError("PEM", $"more than {MaximumCertificates} certificates");
                return false;
            }

            byte[] der = Convert.FromBase64String(remaining[fields.Base64Data].ToString());
            if (!Certificate.TryParse(der, out Certificate? certificate, out error))
            {
                return false;
            }

            list.Add(certificate!);
            remaining = remaining[fields.Location.End..];
        }

        if (list.Count == 0)
        {
            error = new ParseError("PEM", "no certificate");
            return false;
        }

        return true;
    }
}
