using Verathos.Fingerprint.Manifest;

namespace Verathos.Fingerprint.Tests.Manifest;

public sealed class ManifestBuilderTests
{
    private static readonly byte[] s_weights = [.. Enumerable.Range(0, (2 * ManifestBuilder.LeafSize) + 5).Select(i => (byte)(i * 7))];

    private static ManifestBuilder Model(byte[]? weights = null, string dtype = "F32", long[]? shape = null, string first = "a", string second = "b")
    {
        ManifestBuilder builder = new();
        builder.Add(ManifestPart.Configuration, "config.json", "bytes", [], "{}"u8.ToArray());
        builder.Add(ManifestPart.Tensor, second, "BF16", [2], new byte[] { 1, 2, 3, 4 });
        builder.Add(ManifestPart.Tensor, first, dtype, shape ?? [4, 2], weights ?? s_weights);
        builder.Add(ManifestPart.Tokenizer, "tokenizer.json", "bytes", [], Array.Empty<byte>());
        return builder;
    }

    [Fact]
    public void The_order_of_adding_does_not_matter()
    {
        ManifestBuilder other = new();
        other.Add(ManifestPart.Tokenizer, "tokenizer.json", "bytes", [], Array.Empty<byte>());
        other.Add(ManifestPart.Tensor, "a", "F32", [4, 2], s_weights);
        other.Add(ManifestPart.Tensor, "b", "BF16", [2], new byte[] { 1, 2, 3, 4 });
        other.Add(ManifestPart.Configuration, "config.json", "bytes", [], "{}"u8.ToArray());
        ModelManifest expected = Model().Build("m");
        ModelManifest actual = other.Build("m");
        Assert.Equal(expected.Root, actual.Root);
        Assert.Equal(6, actual.Leaves);
        Assert.Equal(2, actual.Tensors);
        Assert.Equal(s_weights.Length + 6, actual.Bytes);
    }

    [Fact]
    public void Any_change_of_a_part_changes_the_root()
    {
        byte[] flipped = [.. s_weights];
        flipped[^1] ^= 1;
        byte[][] roots =
        [
            Model().Build("m").Root, Model(flipped).Build("m").Root, Model(dtype: "F16").Build("m").Root, Model(shape: [2, 4]).Build("m").Root,
            Model(s_weights[..^1]).Build("m").Root, Model(first: "c").Build("m").Root,
        ];
        Assert.Equal(roots.Length, roots.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void A_name_is_taken_once_for_each_kind()
    {
        ManifestBuilder builder = Model();
        Assert.Throws<ArgumentException>(() => builder.Add(ManifestPart.Tensor, "a", "F32", [1], new byte[4]));
        builder.Add(ManifestPart.Adapter, "a", "F32", [1], new byte[4]);
    }

    [Fact]
    public void Progress_counts_every_byte()
    {
        long seen = 0;
        ModelManifest manifest = Model().Build("m", bytes => Interlocked.Add(ref seen, bytes), TestContext.Current.CancellationToken);
        Assert.Equal(manifest.Bytes, seen);
    }

    [Fact]
    public void The_encoding_round_trips_and_every_other_byte_string_is_refused()
    {
        ModelManifest manifest = Model().Build("verathos-tiny");
        byte[] encoded = manifest.Encode();
        Assert.True(ModelManifest.TryDecode(encoded, out ModelManifest? read, out _));
        Assert.Equal(encoded, read.Encode());
        Assert.False(ModelManifest.TryDecode((byte[])[.. encoded, 0], out _, out _));
        for (int length = 0; length < encoded.Length; length++)
        {
            Assert.False(ModelManifest.TryDecode(encoded.AsMemory(0, length), out _, out string? error));
            Assert.NotEmpty(error);
        }

        // Two tensors written as a two-byte integer: the same value, another encoding.
        int at = Array.LastIndexOf(encoded, (byte)0x04);
        Assert.Equal(0x02, encoded[at + 1]);
        List<byte> longer = [.. encoded];
        longer.Insert(at + 1, 0x18);
        Assert.False(ModelManifest.TryDecode(longer.ToArray(), out _, out _));
    }
}
