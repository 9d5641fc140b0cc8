using System.Buffers;
using CsCheck;
using Verathos.Protocol.Bhttp;

namespace Verathos.Protocol.Tests.Bhttp;

public class BhttpPropertyTests
{
    private static readonly Gen<string> Name = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz-0123456789"], 1, 20];
    private static readonly Gen<string> Value = Gen.String[Gen.Char['!', 'ÿ'], 0, 40].Where(value => value.All(c => c is not ('\u007f' or '\u0085' or '\u00a0')));
    private static readonly Gen<BhttpField[]> Fields = Gen.Select(Name, Value, (name, value) => new BhttpField(name, value)).Array[0, 6];

    [Fact]
    public void Requests_survive()
    {
        Gen.Select(Fields, Gen.Byte.Array[0, 300], Fields).Sample((fields, content, trailers) =>
        {
            BinaryRequest request = new()
            {
                Method = "POST",
                Scheme = "https",
                Authority = "node",
                Path = "/v1/chat/completions?x=1",
                Fields = fields,
                Content = content,
                Trailers = trailers,
            };
            byte[] encoded = request.Encode();
            return BinaryRequest.TryParse(encoded, out BinaryRequest? read, out _)
                && read.Method == "POST" && read.Path == request.Path && read.Authority == "node"
                && read.Fields.SequenceEqual(fields) && read.Trailers.SequenceEqual(trailers)
                && read.Content.Span.SequenceEqual(content)
                && read.Encode().AsSpan().SequenceEqual(encoded);
        });
    }

    [Fact]
    public void A_streamed_response_survives_any_splitting()
    {
        Gen.Select(Fields, Gen.Byte.Array[0, 200].Array[0, 8], Fields, Gen.Int[1, 97]).Sample((fields, chunks, trailers, step) =>
        {
            ArrayBufferWriter<byte> output = new();
            BinaryResponseWriter.WriteHead(output, 418, fields);
            foreach (byte[] chunk in chunks)
            {
                BinaryResponseWriter.WriteContent(output, chunk);
            }

            BinaryResponseWriter.WriteEnd(output, trailers);
            BinaryResponseReader reader = new();
            List<byte> content = [];
            List<BhttpPartKind> kinds = [];
            bool same = true;
            for (int at = 0; at < output.WrittenCount; at += step)
            {
                same &= reader.Feed(output.WrittenSpan[at..Math.Min(at + step, output.WrittenCount)]) == BhttpError.None;
                while (reader.TryRead(out BhttpPart part))
                {
                    kinds.Add(part.Kind);
                    content.AddRange(part.Content.Span);
                    same &= part.Kind != BhttpPartKind.Head || (part.Status == 418 && part.Fields.SequenceEqual(fields));
                    same &= part.Kind != BhttpPartKind.End || part.Fields.SequenceEqual(trailers);
                }
            }

            return same && reader.Complete() == BhttpError.None && reader.AtEnd
                && kinds[0] == BhttpPartKind.Head && kinds[^1] == BhttpPartKind.End
                && content.SequenceEqual(chunks.SelectMany(chunk => chunk));
        });
    }

    [Fact]
    public void Hostile_bytes_never_throw()
    {
        Gen.Byte.Array[0, 200].Sample(bytes =>
        {
            bool request = BinaryRequest.TryParse(bytes, out BinaryRequest? read, out BhttpError requestError);
            bool response = BinaryResponse.TryParse(bytes, out BinaryResponse? answer, out BhttpError responseError);
            BinaryResponseReader reader = new();
            reader.Feed(bytes);
            return request == read is not null && request == (requestError == BhttpError.None)
                && response == answer is not null && response == (responseError == BhttpError.None)
                && reader.Complete() == reader.Error;
        });
    }

    [Fact]
    public void The_two_readers_of_responses_agree()
    {
        // Half of the inputs are real messages with one byte changed, so that the deep paths are reached.
        Gen<byte[]> mutated = Gen.Select(Fields, Gen.Byte.Array[0, 40], Gen.Int[0, 1000], Gen.Byte).Select((fields, content, at, value) =>
        {
            ArrayBufferWriter<byte> output = new();
            BinaryResponseWriter.WriteHead(output, 200, fields);
            BinaryResponseWriter.WriteContent(output, content);
            BinaryResponseWriter.WriteEnd(output, fields);
            byte[] message = output.WrittenSpan.ToArray();
            message[at % message.Length] = value;
            return message;
        });
        Gen.OneOf(mutated, Gen.Byte.Array[1, 60]).Sample(bytes =>
        {
            bool whole = BinaryResponse.TryParse(bytes, out _, out _);
            BinaryResponseReader reader = new();
            bool streamed = reader.Feed(bytes) == BhttpError.None && reader.Complete() == BhttpError.None;
            return whole == streamed;
        });
    }
}
