using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Verathos.Attestation.X509;

/// <summary>Reads certificates from PEM (RFC 7468).</summary>
public static class PemReader
{
    private const int MaximumCertificates = 16;
    private const int MaximumLength = 256 * 1024;
    private const string WhiteSpace = " \t\r\n";

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
        if (text.Length > MaximumLength)
        {
            error = new ParseError("PEM", $"{text.Length} bytes are more than {MaximumLength}");
            return false;
        }

        if (!Ascii.IsValid(text))
        {
            error = new ParseError("PEM", "the text is not ASCII");
            return false;
        }

        string rest = Encoding.ASCII.GetString(text);
        ReadOnlySpan<char> remaining = rest;
        while (!remaining.Trim(WhiteSpace).IsEmpty)
        {
            if (!PemEncoding.TryFind(remaining, out PemFields fields) || !remaining[..fields.Location.Start].Trim(WhiteSpace).IsEmpty
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

            string base64 = remaining[fields.Base64Data].ToString();
            byte[] der = Convert.FromBase64String(base64);
            if (!IsCanonical(base64, der))
            {
                error = new ParseError("PEM", "the spare bits of a base64 text are not zero");
                return false;
            }

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

    // Otherwise one certificate has several spellings, and a changed byte could go unseen (RFC 4648 section 3.5).
    private static bool IsCanonical(ReadOnlySpan<char> base64, byte[] der)
    {
        Span<char> last = stackalloc char[4];
        int missing = last.Length;
        for (int i = base64.Length - 1; i >= 0 && missing > 0; i--)
        {
            if (!WhiteSpace.Contains(base64[i], StringComparison.Ordinal))
            {
                last[--missing] = base64[i];
            }
        }

        return missing == 0 && Convert.ToBase64String(der.AsSpan(3 * ((der.Length - 1) / 3))).AsSpan().SequenceEqual(last);
    }
}
