using System.Buffers;

namespace Verathos.Protocol.Bhttp;

/// <summary>Writes a response in indeterminate-length form (RFC 9292 section 3.2) piece by piece: head, any number of content chunks, end.</summary>
public static class BinaryResponseWriter
{
    /// <summary>Framing indicator 3, the final status code, the header fields and the zero that ends them.</summary>
    public static void WriteHead(IBufferWriter<byte> output, int status, IReadOnlyList<BhttpField> fields)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        VarInt.Write(output, 3);
        VarInt.Write(output, (ulong)status);
        BhttpEncoding.WriteIndeterminateFields(output, fields);
    }

    /// <summary>One content chunk: length, bytes. Empty content writes nothing, for a zero length would end the content.</summary>
    public static void WriteContent(IBufferWriter<byte> output, ReadOnlySpan<byte> content)
    {
        if (!content.IsEmpty)
        {
            VarInt.Write(output, (ulong)content.Length);
            output.Write(content);
        }
    }

    /// <summary>The zero that ends the content, the trailer fields, and the zero that ends them.</summary>
    public static void WriteEnd(IBufferWriter<byte> output, IReadOnlyList<BhttpField> trailers)
    {
        VarInt.Write(output, 0);
        BhttpEncoding.WriteIndeterminateFields(output, trailers);
    }
}
