using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Verathos.Bench.TrainingText;

namespace Verathos.Bench.Tests.TrainingText;

public sealed class SwordTextTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-text").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("<w lemma=\"strong:G2455\">Judah</w> <w>became</w> the father. ", "Judah became the father.")]
    [InlineData("David the king<note placement=\"foot\">NU omits\n“the king”.</note> became", "David the king became")]
    [InlineData("a &lt;b&gt; &amp;amp;", "a <b> &amp;")]
    [InlineData("<milestone type=\"x\"/>", "")]
    public void Markup_and_notes_are_taken_out(string osis, string plain) => Assert.Equal(plain, SwordText.Plain(osis));

    [Fact]
    public void Verses_come_in_the_order_of_their_index_and_empty_ones_are_left_out()
    {
        Write("ot", ["<w>In</w> the beginning", "", "God"], 2);
        Write("nt", ["the <w>end</w>", "<note>nothing</note>"], 1);

        Assert.Equal(["In the beginning", "God", "the end"], SwordText.Read(_folder));
    }

    [Theory]
    [InlineData("nt.bzz", 0, "is empty")]
    [InlineData("nt.bzv", 7, "has a broken length")]
    [InlineData("nt.bzs", 5, "has a broken length")]
    public void A_damaged_module_is_refused(string file, int length, string what)
    {
        Write("ot", ["one"], 1);
        Write("nt", ["two"], 1);
        string path = Path.Combine(_folder, file);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..length]);

        Assert.True(Assert.Throws<PublicTextException>(() => SwordText.Read(_folder)).Message.Contains("cannot be read", StringComparison.Ordinal), what);
    }

    [Theory]
    [InlineData(0, "block beyond the last")]
    [InlineData(4, "place beyond its block")]
    public void An_index_that_points_beyond_is_refused(int at, string what)
    {
        Write("ot", ["one"], 1);
        Write("nt", ["two"], 1);
        string path = Path.Combine(_folder, "nt.bzv");
        byte[] index = File.ReadAllBytes(path);
        BinaryPrimitives.WriteUInt32LittleEndian(index.AsSpan(at), 99);
        File.WriteAllBytes(path, index);

        Assert.True(Assert.Throws<PublicTextException>(() => SwordText.Read(_folder)).Message.Contains("cannot be read", StringComparison.Ordinal), what);
    }

    [Fact]
    public async Task A_package_that_is_none_is_an_error_that_says_what_to_do()
    {
        string file = Path.Combine(_folder, "text.deb");
        await File.WriteAllTextAsync(file, "no package", TestContext.Current.CancellationToken);

        PublicTextException refusal = await Assert.ThrowsAsync<PublicTextException>(() =>
            PublicText.ReadAsync(Path.Combine(_folder, "cache"), file, TestContext.Current.CancellationToken));

        Assert.Contains("apt-get install sword-text-web", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_folder, "cache")));
    }

    private void Write(string testament, string[] verses, int perBlock)
    {
        using MemoryStream packed = new(), places = new(), index = new();
        int block = 0;
        foreach (string[] texts in verses.Chunk(perBlock))
        {
            byte[] plain = Encoding.UTF8.GetBytes(string.Concat(texts));
            long start = packed.Length;
            using (ZLibStream stream = new(packed, CompressionLevel.Optimal, leaveOpen: true))
            {
                stream.Write(plain);
            }

            places.Write(Numbers((uint)start, (uint)(packed.Length - start), (uint)plain.Length));
            int offset = 0;
            foreach (string text in texts)
            {
                int size = Encoding.UTF8.GetByteCount(text);
                index.Write([.. Numbers((uint)block, (uint)offset), .. BitConverter.GetBytes((ushort)size)]);
                offset += size;
            }

            block++;
        }

        File.WriteAllBytes(Path.Combine(_folder, testament + ".bzz"), packed.ToArray());
        File.WriteAllBytes(Path.Combine(_folder, testament + ".bzs"), places.ToArray());
        File.WriteAllBytes(Path.Combine(_folder, testament + ".bzv"), index.ToArray());
    }

    private static byte[] Numbers(params uint[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
}
