using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Verathos.Protocol.Bhttp;

/// <summary>A whole HTTP response in binary form (RFC 9292), known-length (framing 1) or indeterminate-length (framing 3).</summary>
public sealed record BinaryResponse
{
    /// <summary>Informational responses before the final one.</summary>
    public IReadOnlyList<InformationalResponse> Informational { get; init; } = [];

    /// <summary>The final status code, 200 to 599.</summary>
    public required int Status { get; init; }

    /// <summary>Header fields in the order they came.</summary>
    public IReadOnlyList<BhttpField> Fields { get; init; } = [];

    /// <summary>The content.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Trailer fields in the order they came.</summary>
    public IReadOnlyList<BhttpField> Trailers { get; init; } = [];

    /// <summary>The known-length form, nothing left out and no padding.</summary>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> output = new();
        VarInt.Write(output, 1);
        foreach (InformationalResponse informational in Informational)
        {
            VarInt.Write(output, (ulong)informational.Status);
            BhttpEncoding.WriteKnownFields(output, informational.Fields);
        }

        VarInt.Write(output, (ulong)Status);
        BhttpEncoding.WriteKnownFields(output, Fields);
        VarInt.Write(output, (ulong)Content.Length);
        output.Write(Content.Span);
        BhttpEncoding.WriteKnownFields(output, Trailers);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads either form. Sections left out at the end, and zero padding, are as in RFC 9292 section 3.8. The content is a copy.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> message, [NotNullWhen(true)] out BinaryResponse? response, out BhttpError error)
    {
        response = null;
        ReadOnlySpan<byte> data = message.Span;
        int offset = 0;
        error = VarInt.Read(data, ref offset, out ulong framing);
        if (error == BhttpError.None && framing is not (1 or 3))
        {
            error = BhttpError.Framing;
        }

        List<InformationalResponse> informational = [];
        ulong status = 0;
        while (error == BhttpError.None)
        {
            error = VarInt.Read(data, ref offset, out status);
            if (error != BhttpError.None || status is >= 200 and <= 599)
            {
                break;
            }

            if (status is < 100 or > 599)
            {
                error = BhttpError.Status;
                break;
            }

            List<BhttpField> fields = [];
            error = framing == 3
                ? BhttpEncoding.ReadIndeterminateFields(data, ref offset, fields)
                : BhttpEncoding.ReadKnownFields(data, ref offset, fields);
            informational.Add(new InformationalResponse((int)status, fields));
        }

        if (error != BhttpError.None)
        {
            return false;
        }

        error = BhttpBody.TryRead(data, offset, framing == 3, out BhttpBody body);
        if (error != BhttpError.None)
        {
            return false;
        }

        response = new BinaryResponse
        {
            Informational = informational,
            Status = (int)status,
            Fields = body.Fields,
            Content = body.Content,
            Trailers = body.Trailers,
        };
        return true;
    }
}
