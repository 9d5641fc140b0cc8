using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace Verathos.Bench.TrainingText;

/// <summary>
/// Reads the verses of a SWORD module of the driver zText, as Debian's packages sword-text-* carry it
/// (https://wiki.crosswire.org/File_Formats): for each testament blocks compressed by zlib (.bzz), their places (.bzs: offset, compressed
/// and plain size, 4 bytes each, little-endian) and the verses' places in them (.bzv: block and offset, 4 bytes each, and size, 2 bytes). The
/// OSIS markup is taken out, and notes with what they say.
/// </summary>
internal static partial class SwordText
{
    private const int MostBlockBytes = 64 << 20;

    /// <summary>The plain text of every verse that is not empty, in the module's order.</summary>
    /// <param name="folder">Holds ot.bzz and nt.bzz with their indices.</param>
    /// <exception cref="PublicTextException">The files are not those of such a module.</exception>
    public static IReadOnlyList<string> Read(string folder)
    {
        try
        {
            return [.. Testament(Path.Combine(folder, "ot")), .. Testament(Path.Combine(folder, "nt"))];
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException)
        {
            throw new PublicTextException($"the SWORD module in {folder} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>A verse without markup.</summary>
    internal static string Plain(string osis) => Spaces().Replace(Tags().Replace(Notes().Replace(osis, " "), string.Empty), " ")
        .Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal).Trim();

    private static List<string> Testament(string path)
    {
        byte[] places = File.ReadAllBytes(path + ".bzs"), packed = File.ReadAllBytes(path + ".bzz"), verses = File.ReadAllBytes(path + ".bzv");
        if (places.Length % 12 != 0 || verses.Length % 10 != 0)
        {
            throw new InvalidDataException($"the indices of {path} have a broken length");
        }

        List<byte[]> blocks = [];
        for (int i = 0; i < places.Length; i += 12)
        {
            (int offset, int length, int size) = (Number(places, i), Number(places, i + 4), Number(places, i + 8));
            byte[] block = new byte[size <= MostBlockBytes ? size : throw new InvalidDataException($"a block of {size} bytes")];
            using ZLibStream stream = new(new MemoryStream(packed, offset, length), CompressionMode.Decompress);
            stream.ReadExactly(block);
            blocks.Add(block);
        }

        List<string> texts = [];
        for (int i = 0; i < verses.Length; i += 10)
        {
            (int block, int offset, int size) = (Number(verses, i), Number(verses, i + 4), BinaryPrimitives.ReadUInt16LittleEndian(verses.AsSpan(i + 8)));
            if (size == 0)
            {
                continue;
            }

            string text = block < blocks.Count
                ? Plain(Encoding.UTF8.GetString(blocks[block], offset, size))
                : throw new InvalidDataException($"verse {i / 10} lies in block {block} of {blocks.Count}");
            if (text.Length > 0)
            {
                texts.Add(text);
            }
        }

        return texts;
    }

    private static int Number(byte[] bytes, int at)
    {
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
        return value <= int.MaxValue ? (int)value : throw new InvalidDataException($"a number of {value} in an index");
    }

    [GeneratedRegex("<note.*?</note>", RegexOptions.Singleline)]
    private static partial Regex Notes();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tags();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
