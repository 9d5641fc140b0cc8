namespace Verathos.Attestation;

/// <summary>
/// Base64 as collateral carries it: white space may stand anywhere, and the spare bits are zero, so that no changed character goes
/// unseen (RFC 4648 section 3.5).
/// </summary>
internal static class Base64Text
{
    private const string WhiteSpace = " \t\r\n";

    /// <summary>Decodes a text; false where it is not base64 or has another spelling than the one of its bytes.</summary>
    public static bool TryDecode(string text, out byte[] bytes)
    {
        ParseSteps.Add(text.Length);
        byte[] buffer = new byte[(text.Length / 4 * 3) + 3];
        bool valid = Convert.TryFromBase64String(text, buffer, out int length) && HasZeroSpareBits(text, buffer.AsSpan(0, length));
        bytes = valid ? buffer[..length] : [];
        return valid;
    }

    private static bool HasZeroSpareBits(ReadOnlySpan<char> text, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return true;
        }

        Span<char> last = stackalloc char[4];
        int missing = last.Length;
        for (int i = text.Length - 1; i >= 0 && missing > 0; i--)
        {
            if (!WhiteSpace.Contains(text[i], StringComparison.Ordinal))
            {
                last[--missing] = text[i];
            }
        }

        Span<char> encoded = stackalloc char[4];
        return missing == 0 && Convert.TryToBase64Chars(bytes[(3 * ((bytes.Length - 1) / 3))..], encoded, out int written)
            && encoded[..written].SequenceEqual(last);
    }
}
