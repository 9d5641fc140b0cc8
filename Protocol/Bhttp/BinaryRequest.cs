using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Verathos.Protocol.Bhttp;

/// <summary>A whole HTTP request in binary form (RFC 9292), known-length (framing 0) or indeterminate-length (framing 2).</summary>
public sealed record BinaryRequest
{
    /// <summary>The method, for example POST.</summary>
    public required string Method { get; init; }

    /// <summary>The scheme, for example https.</summary>
    public required string Scheme { get; init; }

    /// <summary>The authority; may be empty.</summary>
    public string Authority { get; init; } = string.Empty;

    /// <summary>The path and query.</summary>
    public required string Path { get; init; }

    /// <summary>Header fields in the order they came.</summary>
    public IReadOnlyList<BhttpField> Fields { get; init; } = [];

    /// <summary>The content.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Trailer fields in the order they came.</summary>
    public IReadOnlyList<BhttpField> Trailers { get; init; } = [];

    /// <summary>The value of the one field of that name; null if there is none or more than one.</summary>
    public string? SingleField(string name) => BhttpFields.Single(Fields, name);

    /// <summary>The known-length form, nothing left out and no padding.</summary>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> output = new();
        VarInt.Write(output, 0);
        BhttpEncoding.WriteString(output, Method);
        BhttpEncoding.WriteString(output, Scheme);
        BhttpEncoding.WriteString(output, Authority);
        BhttpEncoding.WriteString(output, Path);
        BhttpEncoding.WriteKnownFields(output, Fields);
        VarInt.Write(output, (ulong)Content.Length);
        output.Write(Content.Span);
        BhttpEncoding.WriteKnownFields(output, Trailers);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads either form. Sections left out at the end, and zero padding, are as in RFC 9292 section 3.8. The content is a copy.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> message, [NotNullWhen(true)] out BinaryRequest? request, out BhttpError error)
    {
        request = null;
        ReadOnlySpan<byte> data = message.Span;
        int offset = 0;
        error = VarInt.Read(data, ref offset, out ulong framing);
        if (error == BhttpError.None && framing is not (0 or 2))
        {
            error = BhttpError.Framing;
        }

        ReadOnlySpan<byte> method = default, scheme = default, authority = default, path = default;
        error = error != BhttpError.None ? error : BhttpEncoding.ReadString(data, ref offset, out method);
        error = error != BhttpError.None ? error : BhttpEncoding.ReadString(data, ref offset, out scheme);
        error = error != BhttpError.None ? error : BhttpEncoding.ReadString(data, ref offset, out authority);
        error = error != BhttpError.None ? error : BhttpEncoding.ReadString(data, ref offset, out path);
        if (error == BhttpError.None
            && !(BhttpEncoding.IsMethod(method) && BhttpEncoding.IsVisible(scheme) && BhttpEncoding.IsVisible(authority) && BhttpEncoding.IsVisible(path)))
        {
            error = BhttpError.ControlData;
        }

        if (error != BhttpError.None)
        {
            return false;
        }

        error = BhttpBody.TryRead(data, offset, framing == 2, out BhttpBody body);
        if (error != BhttpError.None)
        {
            return false;
        }

        request = new BinaryRequest
        {
            Method = Encoding.ASCII.GetString(method),
            Scheme = Encoding.ASCII.GetString(scheme),
            Authority = Encoding.ASCII.GetString(authority),
            Path = Encoding.ASCII.GetString(path),
            Fields = body.Fields,
            Content = body.Content,
            Trailers = body.Trailers,
        };
        return true;
    }
}
