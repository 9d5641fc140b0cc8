using System.Text;
using System.Text.Json;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Bhttp;

public class BhttpVectorTests
{
    private const string Content = "This content contains CRLF.\r\n";

    [Theory]
    [InlineData("chunked_known")]
    [InlineData("chunked_indeterminate")]
    public void Responses_in_both_forms_are_read_at_once_and_byte_by_byte(string name)
    {
        byte[] message = Standards.Read("bhttp-rfc9292.json").Hex(name);
        Assert.True(BinaryResponse.TryParse(message, out BinaryResponse? response, out _));
        Assert.Equal(200, response.Status);
        Assert.Empty(response.Fields);
        Assert.Equal(Content, Encoding.ASCII.GetString(response.Content.Span));
        Assert.Equal([new BhttpField("trailer", "text")], response.Trailers);

        BinaryResponseReader reader = new();
        List<byte> content = [];
        IReadOnlyList<BhttpField>? trailers = null;
        int status = 0;
        foreach (byte one in message)
        {
            Assert.Equal(BhttpError.None, reader.Feed([one]));
            while (reader.TryRead(out BhttpPart part))
            {
                content.AddRange(part.Content.Span);
                status = part.Kind == BhttpPartKind.Head ? part.Status : status;
                trailers = part.Kind == BhttpPartKind.End ? part.Fields : trailers;
            }
        }

        Assert.Equal(BhttpError.None, reader.Complete());
        Assert.Equal(200, status);
        Assert.Equal(Content, Encoding.ASCII.GetString([.. content]));
        Assert.Equal([new BhttpField("trailer", "text")], trailers);
    }

    [Fact]
    public void The_known_response_is_written_with_the_same_bytes()
    {
        BinaryResponse response = new() { Status = 200, Content = Encoding.ASCII.GetBytes(Content), Trailers = [new("trailer", "text")] };
        Assert.Equal(Standards.Read("bhttp-rfc9292.json").Hex("chunked_known"), response.Encode());
    }

    [Fact]
    public void The_indeterminate_response_is_written_with_the_same_bytes()
    {
        System.Buffers.ArrayBufferWriter<byte> output = new();
        BinaryResponseWriter.WriteHead(output, 200, []);
        BinaryResponseWriter.WriteContent(output, Encoding.ASCII.GetBytes(Content));
        BinaryResponseWriter.WriteEnd(output, [new("trailer", "text")]);
        Assert.Equal(Standards.Read("bhttp-rfc9292.json").Hex("chunked_indeterminate"), output.WrittenSpan.ToArray());
    }

    [Fact]
    public void The_request_of_the_rfc_is_read_and_written_with_the_same_bytes()
    {
        byte[] message = Standards.Read("bhttp-rfc9292.json").Hex("request_known");
        Assert.True(BinaryRequest.TryParse(message, out BinaryRequest? request, out _));
        Assert.Equal(("GET", "https", "", "/hello.txt"), (request.Method, request.Scheme, request.Authority, request.Path));
        Assert.Equal("www.example.com", request.SingleField("host"));
        Assert.Equal("en, mi", request.SingleField("accept-language"));
        Assert.Equal(3, request.Fields.Count);
        Assert.Equal(message, request.Encode());
    }

    [Fact]
    public void Messages_with_nothing_after_the_control_data_are_whole()
    {
        Assert.True(BinaryResponse.TryParse(Standards.Read("bhttp-rfc9292.json").Hex("response"), out BinaryResponse? response, out _));
        Assert.Equal(200, response.Status);
        JsonElement ohttp = Standards.Read("ohttp-rfc9458.json");
        Assert.True(BinaryRequest.TryParse(ohttp.Hex("request"), out BinaryRequest? request, out _));
        Assert.Equal(("GET", "https", "example.com", "/"), (request.Method, request.Scheme, request.Authority, request.Path));
    }
}
