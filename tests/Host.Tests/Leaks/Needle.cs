using System.Buffers.Binary;
using System.Text;

namespace Verathos.Host.Tests.Leaks;

/// <summary>A secret in one of the forms in which it could lie about.</summary>
internal sealed record Needle(string Secret, string Form, byte[] Bytes)
{
    /// <summary>A text in UTF-8 and UTF-16, and in hex and base64 (three alignments, both alphabets) in each of the two.</summary>
    public static IEnumerable<Needle> OfText(string secret, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] utf16 = Encoding.Unicode.GetBytes(text);
        yield return new Needle(secret, "utf-8", utf8);
        yield return new Needle(secret, "utf-16", utf16);
        foreach ((string source, byte[] bytes) in ((string, byte[])[])[("utf-8", utf8), ("utf-16", utf16)])
        {
            List<(string Form, string Text)> forms = [("hex", Convert.ToHexStringLower(bytes)), ("HEX", Convert.ToHexString(bytes))];
            for (int alignment = 0; alignment < 3; alignment++)
            {
                string encoded = Base64At(bytes, alignment);
                forms.Add(($"base64 at {alignment}", encoded));
                forms.Add(($"base64url at {alignment}", encoded.Replace('+', '-').Replace('/', '_')));
            }

            foreach ((string form, string encoded) in forms)
            {
                yield return new Needle(secret, $"{form} of {source}", Encoding.ASCII.GetBytes(encoded));
                yield return new Needle(secret, $"{form} of {source}, as utf-16", Encoding.Unicode.GetBytes(encoded));
            }
        }
    }

    /// <summary>Token ids as arrays of 32 and 64 bits, little-endian, and of 32 bits big-endian.</summary>
    public static IEnumerable<Needle> OfIds(string secret, IReadOnlyList<int> ids)
    {
        byte[] little32 = new byte[ids.Count * 4];
        byte[] big32 = new byte[ids.Count * 4];
        byte[] little64 = new byte[ids.Count * 8];
        for (int i = 0; i < ids.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(little32.AsSpan(i * 4), ids[i]);
            BinaryPrimitives.WriteInt32BigEndian(big32.AsSpan(i * 4), ids[i]);
            BinaryPrimitives.WriteInt64LittleEndian(little64.AsSpan(i * 8), ids[i]);
        }

        return [new(secret, "ids, int32", little32), new(secret, "ids, int64", little64), new(secret, "ids, int32 big-endian", big32)];
    }

    /// <summary>The part of a text's base64 that does not depend on its neighbours when <paramref name="alignment"/> bytes (modulo 3) come before it.</summary>
    private static string Base64At(byte[] bytes, int alignment)
    {
        string whole = Convert.ToBase64String([.. new byte[alignment], .. bytes]);
        int start = ((alignment * 8) + 5) / 6;
        int end = (alignment + bytes.Length) * 8 / 6;
        return whole[start..end];
    }
}
