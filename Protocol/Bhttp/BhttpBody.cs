using System.Buffers;

namespace Verathos.Protocol.Bhttp;

/// <summary>What follows the control data: header fields, content, trailer fields, padding (RFC 9292 sections 3.6 to 3.8).</summary>
internal readonly record struct BhttpBody(IReadOnlyList<BhttpField> Fields, ReadOnlyMemory<byte> Content, IReadOnlyList<BhttpField> Trailers)
{
    public static BhttpError TryRead(ReadOnlySpan<byte> data, int offset, bool indeterminate, out BhttpBody body)
    {
        List<BhttpField> fields = [];
        List<BhttpField> trailers = [];
        byte[] content = [];
        body = new BhttpBody(fields, content, trailers);

        // Section 3.8: empty sections at the end may be left out, each at its boundary only.
        if (offset == data.Length)
        {
            return BhttpError.None;
        }

        BhttpError error = indeterminate
            ? BhttpEncoding.ReadIndeterminateFields(data, ref offset, fields)
            : BhttpEncoding.ReadKnownFields(data, ref offset, fields);
        if (error != BhttpError.None || offset == data.Length)
        {
            return error;
        }

        error = indeterminate ? ReadChunks(data, ref offset, out content) : ReadContent(data, ref offset, out content);
        body = new BhttpBody(fields, content, trailers);
        if (error != BhttpError.None || offset == data.Length)
        {
            return error;
        }

        error = indeterminate
            ? BhttpEncoding.ReadIndeterminateFields(data, ref offset, trailers)
            : BhttpEncoding.ReadKnownFields(data, ref offset, trailers);
        if (error != BhttpError.None)
        {
            return error;
        }

        return BhttpEncoding.IsZero(data[offset..]) ? BhttpError.None : BhttpError.Padding;
    }

    private static BhttpError ReadContent(ReadOnlySpan<byte> data, scoped ref int offset, out byte[] content)
    {
        content = [];
        BhttpError error = VarInt.Read(data, ref offset, out ulong length);
        if (error != BhttpError.None)
        {
            return error;
        }

        if (length > (ulong)(data.Length - offset))
        {
            return BhttpError.Truncated;
        }

        content = data.Slice(offset, (int)length).ToArray();
        offset += content.Length;
        return BhttpError.None;
    }

    private static BhttpError ReadChunks(ReadOnlySpan<byte> data, scoped ref int offset, out byte[] content)
    {
        ArrayBufferWriter<byte> joined = new();
        content = [];
        while (true)
        {
            BhttpError error = ReadContent(data, ref offset, out byte[] chunk);
            if (error != BhttpError.None)
            {
                return error;
            }

            if (chunk.Length == 0)
            {
                content = joined.WrittenSpan.ToArray();
                return BhttpError.None;
            }

            joined.Write(chunk);
        }
    }
}
