using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Verathos.Attestation.X509;

/// <summary>Reads certificates from PEM (RFC 7468).</summary>
public static class PemReader
{
    private const int MaximumCertificates = 16;
    private const int MaximumLength = 256 * 1024;

    private static ReadOnlySpan<byte> WhiteSpace => " \t\r\n"u8;

    private static ReadOnlySpan<byte> Begin => "-----BEGIN CERTIFICATE-----"u8;

    private static ReadOnlySpan<byte> End => "-----END CERTIFICATE-----"u8;

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

        // White space between certificates, and each boundary, are looked at once.
        ParseSteps.Add(2 * text.Length);
        byte[] der = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        for (text = text.TrimStart(WhiteSpace); !text.IsEmpty; text = text.TrimStart(WhiteSpace))
        {
            if (!TryTake(ref text, out ReadOnlySpan<byte> base64)
                || Base64.DecodeFromUtf8(base64, der, out int consumed, out int length) != OperationStatus.Done || consumed != base64.Length || length == 0)
            {
                error = new ParseError("PEM", "something other than certificates");
                return false;
            }

            if (list.Count == MaximumCertificates)
            {
                error = new ParseError("PEM", $"more than {MaximumCertificates} certificates");
                return false;
            }

            if (!IsCanonical(base64, der.AsSpan(0, length)))
            {
                error = new ParseError("PEM", "the spare bits of a base64 text are not zero");
                return false;
            }

            if (!Certificate.TryParse(der.AsMemory(0, length), out Certificate? certificate, out error))
            {
                return false;
            }

            list.Add(certificate!);
        }

        if (list.Count == 0)
        {
            error = new ParseError("PEM", "no certificate");
            return false;
        }

        return true;
    }

    // One look for each boundary, so that a text costs what it is long, however many boundaries it has.
    private static bool TryTake(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> base64)
    {
        base64 = default;
        if (!text.StartsWith(Begin))
        {
            return false;
        }

        int end = text[Begin.Length..].IndexOf((byte)'-');
        if (end < 0)
        {
            return false;
        }

        base64 = text.Slice(Begin.Length, end);
        ParseSteps.Add(2 * base64.Length);
        text = text[(Begin.Length + end)..];
        if (!text.StartsWith(End) || (text.Length > End.Length && !WhiteSpace.Contains(text[End.Length])))
        {
            return false;
        }

        text = text[End.Length..];
        return true;
    }

    // Otherwise one certificate has several spellings, and a changed byte could go unseen (RFC 4648 section 3.5).
    private static bool IsCanonical(ReadOnlySpan<byte> base64, ReadOnlySpan<byte> der)
    {
        Span<byte> last = stackalloc byte[4];
        int missing = last.Length;
        for (int i = base64.Length - 1; i >= 0 && missing > 0; i--)
        {
            if (!WhiteSpace.Contains(base64[i]))
            {
                last[--missing] = base64[i];
            }
        }

        Span<byte> encoded = stackalloc byte[4];
        return missing == 0 && Base64.EncodeToUtf8(der[(3 * ((der.Length - 1) / 3))..], encoded, out _, out int written) == OperationStatus.Done
            && written == last.Length && encoded.SequenceEqual(last);
    }
}
