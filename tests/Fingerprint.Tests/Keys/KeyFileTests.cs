using System.Security.Cryptography;
using Verathos.Fingerprint.Keys;

namespace Verathos.Fingerprint.Tests.Keys;

public sealed class KeyFileTests
{
    private static readonly byte[] s_owner = [.. Enumerable.Range(0, 32).Select(i => (byte)(i * 7))];
    private static readonly byte[] s_root = SHA256.HashData("weights"u8);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_written_is_read_and_judges_alike(bool bias)
    {
        RandomMatrix matrix = new(40, 24, 1, bias);
        using MatrixKey key = matrix.Key(16);
        using KeyFileReader reader = Open(Write(key), s_owner)!;
        Assert.Equal(["layers.0.test", "note"], reader.Names.Order());
        Assert.Equal(7, reader.Header.Epoch);
        Assert.Equal("bf16-lane16/2", reader.Header.Profile);
        Assert.Equal(s_root, reader.Header.ManifestRoot.ToArray());
        Assert.True(reader.TryReadMatrix("layers.0.test", out MatrixKey? read));
        float[] input = matrix.Input();
        Assert.Equal(key.Judge(input, matrix.Multiply(input)), read.Judge(input, matrix.Multiply(input)));
        Assert.Equal(0, read.Judge(input, matrix.Multiply(input)).RowMismatches);
        Assert.True(reader.TryRead("note", out byte[]? note));
        Assert.Equal("abc"u8.ToArray(), note);
        Assert.False(reader.TryRead("other", out _));
        read.Dispose();
    }

    /// <summary>Rows that bfloat16 cannot hold, such as those of Q8_0, keep all their bits.</summary>
    [Fact]
    public void Rows_of_binary32_keep_their_bits()
    {
        RandomMatrix matrix = new(20, 16, 2);
        matrix.Weights[3][5] = 1.0000001f;
        using MatrixKey key = matrix.Key(20);
        byte[] encoded = new byte[key.EncodedSize];
        key.Encode(encoded);
        Assert.True(MatrixKey.TryDecode(key.Name, encoded, out MatrixKey? read));
        Assert.Equal(key.RowWeights, read.RowWeights);
        encoded[1] ^= 2;
        Assert.False(MatrixKey.TryDecode(key.Name, encoded, out _));
    }

    [Fact]
    public void Any_changed_byte_is_refused()
    {
        using MatrixKey key = new RandomMatrix(12, 8, 3).Key(4);
        byte[] file = Write(key);
        for (int at = 0; at < file.Length; at++)
        {
            byte[] changed = [.. file];
            changed[at] ^= 1;
            using KeyFileReader? reader = Open(changed, s_owner);
            Assert.False(reader is not null && reader.TryReadMatrix("layers.0.test", out _) && reader.TryRead("note", out _), $"byte {at}");
        }
    }

    [Fact]
    public void Any_cut_is_refused()
    {
        using MatrixKey key = new RandomMatrix(12, 8, 3).Key(4);
        byte[] file = Write(key);
        for (int length = 0; length < file.Length; length++)
        {
            using KeyFileReader? reader = Open(file[..length], s_owner);
            Assert.False(reader is not null && reader.TryReadMatrix("layers.0.test", out _) && reader.TryRead("note", out _), $"{length} bytes");
        }
    }

    [Fact]
    public void Nobody_else_opens_it()
    {
        using MatrixKey key = new RandomMatrix(12, 8, 3).Key(4);
        byte[] other = [.. s_owner];
        other[31] ^= 1;
        using KeyFileReader reader = Open(Write(key), other)!;
        Assert.False(reader.TryReadMatrix("layers.0.test", out _));
    }

    [Fact]
    public void A_record_cannot_stand_under_another_name_or_in_another_file()
    {
        using MatrixKey key = new RandomMatrix(12, 8, 3).Key(4);
        byte[] first = Write(key);
        byte[] renamed = [.. first];
        int name = renamed.AsSpan().IndexOf("layers.0.test"u8);
        renamed[name + 7] = (byte)'1';
        using KeyFileReader reader = Open(renamed, s_owner)!;
        Assert.False(reader.TryReadMatrix("layers.1.test", out _));
        byte[] second = Write(key);
        int header = name - 2;
        using KeyFileReader moved = Open([.. second.AsSpan(0, header), .. first.AsSpan(header)], s_owner)!;
        Assert.False(moved.TryReadMatrix("layers.0.test", out _));
    }

    [Fact]
    public void Names_come_once()
    {
        using KeyFileWriter writer = new(new MemoryStream(), 0, s_root, "p", s_owner);
        writer.Write("a", []);
        Assert.Throws<ArgumentException>(() => writer.Write("a", []));
        Assert.Throws<ArgumentException>(() => writer.Write("", []));
        Assert.Throws<ArgumentException>(() => new KeyFileWriter(new MemoryStream(), -1, s_root, "p", s_owner));
        Assert.Throws<ArgumentException>(() => new KeyFileWriter(new MemoryStream(), 0, s_root, "", s_owner));
        Assert.Throws<ArgumentException>(() => new KeyFileWriter(new MemoryStream(), 0, s_root.AsMemory(1), "p", s_owner));
        Assert.Throws<ArgumentException>(() => new KeyFileWriter(new MemoryStream(), 0, s_root, "p", new byte[31]));
    }

    private static byte[] Write(MatrixKey key)
    {
        MemoryStream stream = new();
        using KeyFileWriter writer = new(stream, 7, s_root, "bf16-lane16/2", s_owner);
        writer.Write(key);
        writer.Write("note", "abc"u8);
        return stream.ToArray();
    }

    private static KeyFileReader? Open(byte[] file, byte[] owner) => KeyFileReader.TryOpen(new MemoryStream(file), owner, out KeyFileReader? reader, out _) ? reader : null;
}
