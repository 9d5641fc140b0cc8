using System.Buffers.Binary;

namespace Verathos.Bench.Mutation;

/// <summary>Which bits of a document are covered. What is left out is named at each builder, and nothing else is.</summary>
internal static class Coverage
{
    private static ReadOnlySpan<byte> WhiteSpace => " \t\r\n"u8;

    /// <summary>Every bit.</summary>
    public static byte[] All(ReadOnlySpan<byte> bytes)
    {
        byte[] mask = new byte[bytes.Length];
        mask.AsSpan().Fill(0xFF);
        return mask;
    }

    /// <summary>Every bit but those of the places given.</summary>
    public static byte[] AllBut(ReadOnlySpan<byte> bytes, params ReadOnlySpan<(int Start, int Length)> places)
    {
        byte[] mask = All(bytes);
        foreach ((int start, int length) in places)
        {
            mask.AsSpan(start, length).Clear();
        }

        return mask;
    }

    /// <summary>Every bit but white space, which a PEM text may have as it likes, and the NUL bytes that may end it.</summary>
    public static byte[] Pem(ReadOnlySpan<byte> bytes)
    {
        byte[] mask = All(bytes);
        for (int i = 0; i < bytes.Length; i++)
        {
            if (WhiteSpace.Contains(bytes[i]) || bytes[i] == 0)
            {
                mask[i] = 0;
            }
        }

        return mask;
    }

    /// <summary>Every bit of a quote but the white space of the certificates in it.</summary>
    public static byte[] Quote(ReadOnlySpan<byte> quote)
    {
        byte[] mask = All(quote);
        int pem = quote.IndexOf("-----BEGIN"u8);
        if (pem >= 0)
        {
            Pem(quote[pem..]).CopyTo(mask, pem);
        }

        return mask;
    }

    /// <summary>An HCL report without the zero bytes that may follow its end.</summary>
    public static byte[] TrimHcl(byte[] report) => report[..(1236 + (int)BinaryPrimitives.ReadUInt32LittleEndian(report.AsSpan(1232)))];

    /// <summary>A quote without the zero bytes that may follow its end.</summary>
    public static byte[] TrimQuote(byte[] quote)
    {
        int version = BinaryPrimitives.ReadUInt16LittleEndian(quote);
        int body = version == 3 || (version == 4 && quote[4] == 0) ? 384 : version == 4 ? 584 : 6 + (int)BinaryPrimitives.ReadUInt32LittleEndian(quote.AsSpan(50));
        int start = 48 + body + 4;
        return quote[..(start + (int)BinaryPrimitives.ReadUInt32LittleEndian(quote.AsSpan(start - 4)))];
    }

    /// <summary>
    /// A signed reference file: the root element with all that is in it, its signature's SignedInfo, and the texts of signature and
    /// certificates. Left out are what is before and after the root, comments, white space and quotation marks within tags, and
    /// what else the signature element holds, which nothing signs.
    /// </summary>
    public static byte[] Xml(ReadOnlySpan<byte> xml)
    {
        byte[] mask = new byte[xml.Length];
        List<string> open = [];
        int i = 0;
        while (i < xml.Length)
        {
            if (xml[i] != (byte)'<')
            {
                int next = xml[i..].IndexOf((byte)'<');
                int end = next < 0 ? xml.Length : i + next;
                CoverText(xml, mask, i, end, open);
                i = end;
                continue;
            }

            int close = xml[i..].StartsWith("<!--"u8) ? i + xml[i..].IndexOf("-->"u8) + 2 : i + xml[i..].IndexOf((byte)'>');
            if (xml[i + 1] is (byte)'?' or (byte)'!')
            {
                i = close + 1;
                continue;
            }

            bool ending = xml[i + 1] == (byte)'/';
            string name = LocalName(xml[(i + (ending ? 2 : 1))..close]);
            if (ending)
            {
                CoverTag(xml, mask, i, close, open);
                open.RemoveAt(open.Count - 1);
            }
            else
            {
                open.Add(name);
                CoverTag(xml, mask, i, close, open);
                if (xml[close - 1] == (byte)'/')
                {
                    open.RemoveAt(open.Count - 1);
                }
            }

            i = close + 1;
        }

        return mask;
    }

    private static bool IsSigned(List<string> open) => open.Count > 0 && (!open.Contains("Signature") || open.Contains("SignedInfo"));

    private static void CoverText(ReadOnlySpan<byte> xml, byte[] mask, int start, int end, List<string> open)
    {
        bool value = open.Count > 0 && open[^1] is "SignatureValue" or "X509Certificate";
        for (int i = start; i < end; i++)
        {
            mask[i] = (byte)(IsSigned(open) || (value && !WhiteSpace.Contains(xml[i])) ? 0xFF : 0);
        }
    }

    private static void CoverTag(ReadOnlySpan<byte> xml, byte[] mask, int start, int close, List<string> open)
    {
        if (!IsSigned(open))
        {
            return;
        }

        byte quotation = 0;
        for (int i = start; i <= close; i++)
        {
            byte c = xml[i];
            bool mark = quotation == 0 ? c is (byte)'"' or (byte)'\'' : c == quotation;
            if (mark)
            {
                quotation = quotation == 0 ? c : (byte)0;
            }

            mask[i] = (byte)(mark || (quotation == 0 && WhiteSpace.Contains(c)) ? 0 : 0xFF);
        }
    }

    private static string LocalName(ReadOnlySpan<byte> tag)
    {
        int end = 0;
        while (end < tag.Length && !WhiteSpace.Contains(tag[end]) && tag[end] != (byte)'/')
        {
            end++;
        }

        ReadOnlySpan<byte> name = tag[..end];
        return System.Text.Encoding.UTF8.GetString(name[(name.IndexOf((byte)':') + 1)..]);
    }
}
