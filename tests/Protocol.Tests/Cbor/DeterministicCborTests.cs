using System.Formats.Cbor;
using CsCheck;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Tests.Cbor;

public class DeterministicCborTests
{
    [Fact]
    public void Keys_are_in_bytewise_order_where_the_older_order_differs()
    {
        byte[] encoded = new DeterministicCborMap().Add(-1, 1UL).Add(100, 2UL).Encode();

        // RFC 8949 section 4.2.1: 0x1864 (100) sorts before 0x20 (-1). Section 4.2.3, length first, has it the other way round.
        Assert.Equal("a21864022001", Convert.ToHexStringLower(encoded));
        Assert.True(DeterministicCbor.TryValidate(encoded, out _));

        CborWriter older = new(CborConformanceMode.Canonical);
        older.WriteStartMap(2);
        older.WriteInt32(-1);
        older.WriteInt32(1);
        older.WriteInt32(100);
        older.WriteInt32(2);
        older.WriteEndMap();
        Assert.False(DeterministicCbor.TryValidate(older.Encode(), out CborError error));
        Assert.Equal(CborError.KeyOrder, error);
    }

    [Fact]
    public void The_order_is_that_of_the_example_in_section_4_2_1()
    {
        byte[] encoded = new DeterministicCborMap()
            .Add("aa", 0UL).Add("z", 0UL).Add(-1, 0UL).Add(100, 0UL).Add(10, 0UL)
            .Encode();
        Assert.Equal("a50a00186400200061" + "7a00" + "62616100", Convert.ToHexStringLower(encoded));
    }

    [Theory]
    [InlineData("", CborError.Truncated, "nothing")]
    [InlineData("0000", CborError.TrailingBytes, "two items")]
    [InlineData("1817", CborError.NotShortest, "23 in two bytes")]
    [InlineData("1900ff", CborError.NotShortest, "255 in three bytes")]
    [InlineData("1a0000ffff", CborError.NotShortest, "65535 in five bytes")]
    [InlineData("1b00000000ffffffff", CborError.NotShortest, "2^32 - 1 in nine bytes")]
    [InlineData("5800", CborError.NotShortest, "an empty string with a long length")]
    [InlineData("5f4100ff", CborError.IndefiniteLength, "a string in pieces")]
    [InlineData("9f00ff", CborError.IndefiniteLength, "an open array")]
    [InlineData("bf0000ff", CborError.IndefiniteLength, "an open map")]
    [InlineData("1c", CborError.ReservedHead, "additional information 28")]
    [InlineData("f97e00", CborError.UnsupportedSimple, "a half-precision number")]
    [InlineData("f7", CborError.UnsupportedSimple, "undefined")]
    [InlineData("f820", CborError.UnsupportedSimple, "simple value 32")]
    [InlineData("61ff", CborError.InvalidUtf8, "a text that is not UTF-8")]
    [InlineData("a200000001", CborError.DuplicateKey, "a key twice")]
    [InlineData("a201000000", CborError.KeyOrder, "2 before 1")]
    [InlineData("8281a201000000" + "00", CborError.KeyOrder, "the same deep inside")]
    [InlineData("43000000" + "00", CborError.TrailingBytes, "a byte after a string")]
    [InlineData("5b7fffffffffffffff", CborError.Truncated, "a string of 2^63 - 1 bytes")]
    [InlineData("9bffffffffffffffff", CborError.Truncated, "an array of 2^64 - 1 items")]
    [InlineData("bbffffffffffffffff", CborError.Truncated, "a map of 2^64 - 1 pairs")]
    public void Anything_but_the_one_encoding_is_refused(string hex, CborError expected, string what)
    {
        Assert.NotEmpty(what);
        Assert.False(DeterministicCbor.TryValidate(Convert.FromHexString(hex), out CborError error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Nesting_is_limited()
    {
        byte[] deepest = [.. Enumerable.Repeat((byte)0x81, DeterministicCbor.MaxDepth), 0];
        Assert.True(DeterministicCbor.TryValidate(deepest, out _));
        Assert.False(DeterministicCbor.TryValidate([0x81, .. deepest], out CborError error));
        Assert.Equal(CborError.TooDeep, error);
        byte[] tags = [.. Enumerable.Repeat((byte)0xc1, 100_000), 0];
        Assert.False(DeterministicCbor.TryValidate(tags, out _));
    }

    [Fact]
    public void Integers_survive_and_the_shortest_form_is_that_of_an_independent_writer()
    {
        Gen.Long.Sample(value =>
        {
            CborWriter reference = new(CborConformanceMode.Strict);
            reference.WriteInt64(value);
            byte[] encoded = new DeterministicCborWriter().Int64(value).ToArray();
            DeterministicCborReader reader = new(encoded);
            return encoded.AsSpan().SequenceEqual(reference.Encode()) && reader.TryReadInt64(out long read) && read == value && reader.AtEnd;
        });
    }

    [Fact]
    public void Any_map_is_written_so_that_it_validates_whatever_the_order_of_adding()
    {
        Gen.Dictionary(Gen.Long, Gen.Byte.Array[0, 40])[0, 30].Sample(pairs =>
        {
            DeterministicCborMap forward = new();
            DeterministicCborMap backward = new();
            foreach ((long key, byte[] value) in pairs)
            {
                forward.Add(key, value);
            }

            foreach ((long key, byte[] value) in pairs.Reverse())
            {
                backward.Add(key, value);
            }

            return forward.Encode().AsSpan().SequenceEqual(backward.Encode()) && DeterministicCbor.TryValidate(forward.Encode(), out _);
        });
    }

    [Fact]
    public void Hostile_bytes_are_refused_or_are_their_own_only_encoding()
    {
        Gen.Byte.Array[0, 64].Sample(bytes =>
        {
            if (!DeterministicCbor.TryValidate(bytes, out _))
            {
                return true;
            }

            // What is accepted, an independent strict reader accepts as well, to the last byte.
            CborReader reader = new(bytes, CborConformanceMode.Strict);
            reader.SkipValue();
            return reader.BytesRemaining == 0;
        });
    }

    [Fact]
    public void A_read_of_another_type_gives_false_and_moves_nothing()
    {
        byte[] text = new DeterministicCborWriter().Text("x").ToArray();
        DeterministicCborReader reader = new(text);
        Assert.False(reader.TryReadBytes(out _));
        Assert.False(reader.TryReadUInt64(out _));
        Assert.False(reader.TryReadInt64(out _));
        Assert.False(reader.TryReadUInt32(out _));
        Assert.False(reader.TryReadArray(out _));
        Assert.False(reader.TryReadMap(out _));
        Assert.False(reader.TryReadTag(out _));
        Assert.False(reader.TryReadBoolean(out _));
        Assert.False(reader.TryReadNull());
        Assert.Equal(0, reader.Offset);
        Assert.True(reader.TryReadText(out string value));
        Assert.Equal("x", value);
    }

    [Fact]
    public void An_integer_outside_the_asked_range_gives_false()
    {
        DeterministicCborReader wide = new(new DeterministicCborWriter().UInt64(ulong.MaxValue).ToArray());
        Assert.False(wide.TryReadInt64(out _));
        Assert.False(wide.TryReadUInt32(out _));
        Assert.True(wide.TryReadUInt64(out ulong value));
        Assert.Equal(ulong.MaxValue, value);
        DeterministicCborReader low = new(Convert.FromHexString("3bffffffffffffffff"));
        Assert.False(low.TryReadInt64(out _));
    }

    [Fact]
    public void Misuse_throws_a_key_twice_and_a_text_without_utf_8()
    {
        Assert.Throws<ArgumentException>(() => new DeterministicCborMap().Add(1, 1UL).Add(1, 2UL));
        Assert.ThrowsAny<ArgumentException>(() => new DeterministicCborWriter().Text("\ud800"));
    }
}
