using Verathos.Protocol.Bhttp;

namespace Verathos.Host.Drills.Wire;

/// <summary>The pieces of a chunked OHTTP message as anybody on the wire can tell them apart (draft-ietf-ohai-chunked-ohttp-08 section 3).</summary>
/// <param name="Head">What stands before the chunks: of a response its nonce.</param>
/// <param name="Chunks">The chunks but the final one, each with its length.</param>
/// <param name="Final">The final chunk, with the zero before it; empty where it is missing.</param>
internal sealed record ChunkedBody(byte[] Head, IReadOnlyList<byte[]> Chunks, byte[] Final)
{
    private const int ResponseNonce = 32;

    /// <summary>Takes a response apart.</summary>
    public static ChunkedBody OfResponse(byte[] body)
    {
        ArgumentNullException.ThrowIfNull(body);
        List<byte[]> chunks = [];
        int offset = ResponseNonce;
        while (offset < body.Length)
        {
            int start = offset;
            if (VarInt.Read(body, ref offset, out ulong length) != BhttpError.None || length == 0)
            {
                return new ChunkedBody(body[..ResponseNonce], chunks, body[start..]);
            }

            offset += (int)length;
            chunks.Add(body[start..offset]);
        }

        return new ChunkedBody(body[..ResponseNonce], chunks, []);
    }

    /// <summary>Puts it together again.</summary>
    public byte[] Join() => [.. Head, .. Chunks.SelectMany(chunk => chunk), .. Final];
}
