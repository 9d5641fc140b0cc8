using Verathos.Protocol.Bhttp;

namespace Verathos.Protocol.Tests.Bhttp;

public class BhttpRefusalTests
{
    // 00 | 3 GET | 5 https | 0 | 1 / , then header fields, content, trailers.
    private const string Control = "0003474554056874747073" + "00" + "012f";

    [Theory]
    [InlineData("", BhttpError.Truncated, "nothing")]
    [InlineData("01", BhttpError.Framing, "a response's framing")]
    [InlineData("04", BhttpError.Framing, "an unknown framing")]
    [InlineData("4000", BhttpError.NotShortest, "a framing in two bytes")]
    [InlineData("0003474554", BhttpError.Truncated, "an end in the control data")]
    [InlineData("000347207405" + "6874747073" + "00012f", BhttpError.ControlData, "a method with a space")]
    [InlineData("000005" + "6874747073" + "00012f", BhttpError.ControlData, "an empty method")]
    [InlineData("0003474554056874747073" + "00" + "022f20", BhttpError.ControlData, "a path with a space")]
    [InlineData(Control + "0401" + "61" + "0162" + "0000" + "01", BhttpError.Padding, "padding that is not zero")]
    [InlineData(Control + "05" + "0161", BhttpError.Truncated, "a field section that is cut")]
    [InlineData(Control + "040141" + "0162", BhttpError.FieldName, "an upper-case name")]
    [InlineData(Control + "03" + "00" + "0162", BhttpError.FieldName, "an empty name")]
    [InlineData(Control + "04" + "013a" + "0162", BhttpError.FieldName, "a pseudo-field")]
    [InlineData(Control + "04" + "0161" + "010a", BhttpError.FieldValue, "a line feed in a value")]
    [InlineData(Control + "04" + "0161" + "0120", BhttpError.FieldValue, "a value of white space")]
    [InlineData(Control + "04" + "0161" + "0100", BhttpError.FieldValue, "a NUL in a value")]
    [InlineData(Control + "00" + "02" + "61", BhttpError.Truncated, "content that is cut")]
    [InlineData(Control + "80010001", BhttpError.TooLarge, "a field section of 65537 bytes")]
    public void A_malformed_request_is_refused(string hex, BhttpError expected, string what)
    {
        Assert.NotEmpty(what);
        Assert.False(BinaryRequest.TryParse(Convert.FromHexString(hex), out _, out BhttpError error));
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData("0140c8" + "00" + "00" + "00" + "000000", true, "zero padding")]
    [InlineData("0140c8" + "00" + "0161" + "00" + "0001", false, "padding that is not zero")]
    [InlineData("01" + "4063" + "00", false, "status 99")]
    [InlineData("01" + "4258" + "00", false, "status 600")]
    [InlineData("01" + "4064" + "00" + "40c8", true, "100 before 200")]
    [InlineData("03" + "40c8" + "00" + "0161" + "00" + "00", true, "an indeterminate message")]
    [InlineData("03" + "40c8" + "00" + "0161" + "00", true, "one without trailers")]
    [InlineData("03" + "40c8" + "00", true, "one without content")]
    [InlineData("03" + "40c8" + "00" + "0161", false, "one whose content is not ended")]
    [InlineData("03" + "40c8" + "00" + "0161" + "00" + "0161", false, "one cut in its trailers")]
    public void Padding_and_truncation_are_as_in_section_3_8(string hex, bool accepted, string what)
    {
        Assert.NotEmpty(what);
        byte[] message = Convert.FromHexString(hex);
        Assert.Equal(accepted, BinaryResponse.TryParse(message, out _, out _));
        BinaryResponseReader reader = new();
        Assert.Equal(accepted, reader.Feed(message) == BhttpError.None && reader.Complete() == BhttpError.None);
    }

    [Fact]
    public void A_writer_refuses_what_a_reader_would()
    {
        BinaryRequest request = new() { Method = "GET", Scheme = "https", Path = "/", Fields = [new("Upper", "x")] };
        Assert.Throws<ArgumentException>(request.Encode);
        Assert.Throws<ArgumentException>((request with { Fields = [new("a", "x\ny")] }).Encode);
        Assert.Throws<ArgumentException>((request with { Fields = [new("a", "\u0100")] }).Encode);
    }

    [Fact]
    public void A_field_that_comes_twice_is_not_single()
    {
        Assert.Null(BhttpFields.Single([new("a", "1"), new("a", "2")], "a"));
        Assert.Null(BhttpFields.Single([], "a"));
        Assert.Equal("1", BhttpFields.Single([new("a", "1"), new("b", "2")], "a"));
    }
}
