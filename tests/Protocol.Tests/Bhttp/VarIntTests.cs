using System.Buffers;
using CsCheck;
using Verathos.Protocol.Bhttp;

namespace Verathos.Protocol.Tests.Bhttp;

public class VarIntTests
{
    // RFC 9000 appendix A.1.
    [Theory]
    [InlineData("c2197c5eff14e88c", 151_288_809_941_952_652)]
    [InlineData("9d7f3e7d", 494_878_333)]
    [InlineData("7bbd", 15_293)]
    [InlineData("25", 37)]
    public void The_examples_of_rfc_9000_are_read(string hex, ulong expected)
    {
        int offset = 0;
        Assert.Equal(BhttpError.None, VarInt.Read(Convert.FromHexString(hex), ref offset, out ulong value));
        Assert.Equal(expected, value);
        Assert.Equal(hex.Length / 2, offset);
    }

    [Theory]
    [InlineData("4025")]
    [InlineData("80000025")]
    [InlineData("80003fff")]
    [InlineData("c000000000000025")]
    [InlineData("c00000003fffffff")]
    public void A_longer_form_than_needed_is_refused(string hex)
    {
        int offset = 0;
        Assert.Equal(BhttpError.NotShortest, VarInt.Read(Convert.FromHexString(hex), ref offset, out _));
    }

    [Fact]
    public void Every_value_survives_and_every_cut_asks_for_more()
    {
        Gen.ULong[0, VarInt.Max].Sample(value =>
        {
            ArrayBufferWriter<byte> output = new();
            VarInt.Write(output, value);
            int offset = 0;
            bool whole = VarInt.Read(output.WrittenSpan, ref offset, out ulong read) == BhttpError.None && read == value && offset == output.WrittenCount;
            int cut = 0;
            return whole && VarInt.Read(output.WrittenSpan[..^1], ref cut, out _) == BhttpError.Truncated && cut == 0;
        });
        Assert.Throws<ArgumentOutOfRangeException>(() => VarInt.LengthOf(VarInt.Max + 1));
    }
}
