using System.Security.Cryptography;
using CsCheck;
using Verathos.Protocol.Evidence;

namespace Verathos.Protocol.Tests.Evidence;

public sealed class ModelSetTests
{
    private static readonly ModelEntry One = new("one", SHA256.HashData("one"u8), 9, 1UL << 40, 10, "f32", 100);
    private static readonly ModelEntry Two = new("two", SHA256.HashData("two"u8), 0, 0, 1, "bf16", 1);

    [Fact]
    public void What_is_written_is_read_and_every_byte_of_it_counts()
    {
        ModelSet set = new([One, Two]);
        byte[] encoded = set.Encode();
        Assert.True(ModelSet.TryParse(encoded, out ModelSet? read));
        Assert.Equal(encoded, read.Encode());
        Assert.Equal(SHA256.HashData(encoded), read.Root);
        Assert.False(ModelSet.TryParse((byte[])[.. encoded, 0], out _));
        for (int length = 0; length < encoded.Length; length++)
            Assert.False(ModelSet.TryParse(encoded.AsSpan(0, length), out _));
    }

    [Fact]
    public void The_root_changes_with_every_member_and_with_the_order()
    {
        ModelSet[] sets =
        [
            new([One, Two]),
            new([Two, One]),
            new([One with { Name = "One" }, Two]),
            new([One with { Root = Two.Root }, Two]),
            new([One with { Tensors = 8 }, Two]),
            new([One with { Bytes = 8 }, Two]),
            new([One with { Leaves = 8 }, Two]),
            new([One with { NumericProfile = "bf16" }, Two]),
            new([One with { MaxPromptTokens = 8 }, Two]),
            new([One, Two, Two with { Name = "three" }]),
        ];
        Assert.Equal(sets.Length, sets.Select(set => Convert.ToHexString(set.Root)).Distinct().Count());
    }

    [Theory]
    [InlineData("no model")]
    [InlineData("one model")]
    [InlineData("a name twice")]
    [InlineData("an empty name")]
    [InlineData("a name with a control character")]
    [InlineData("a long name")]
    [InlineData("a short root")]
    [InlineData("too many")]
    public void A_set_that_no_node_makes_is_refused(string why)
    {
        ModelSet set = new(why switch
        {
            "no model" => [],
            "one model" => [One],
            "a name twice" => [One, Two with { Name = "one" }],
            "an empty name" => [One with { Name = "" }, Two],
            "a name with a control character" => [One, Two with { Name = "two\u001b[2J" }],
            "a long name" => [One, Two with { Name = new string('x', 257) }],
            "a short root" => [One, Two with { Root = new byte[31] }],
            _ => [.. Enumerable.Range(0, ModelSet.MaximumModels + 1).Select(i => One with { Name = $"model {i}" })],
        });
        Assert.False(ModelSet.TryParse(set.Encode(), out _));
    }

    [Fact]
    public void Bytes_that_were_changed_are_another_set_or_none()
    {
        byte[] encoded = new ModelSet([One, Two]).Encode();
        Gen.Select(Gen.Int[0, encoded.Length - 1], Gen.Byte[1, 255]).Sample((at, change) =>
        {
            byte[] changed = [.. encoded];
            changed[at] ^= change;
            return !ModelSet.TryParse(changed, out ModelSet? set) || !set.Root.SequenceEqual(SHA256.HashData(encoded));
        });
    }
}
