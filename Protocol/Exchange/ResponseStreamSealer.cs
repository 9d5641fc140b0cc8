using System.Buffers;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;

namespace Verathos.Protocol.Exchange;

/// <summary>
/// The enclave's end of an answer: a binary HTTP response of indeterminate length inside the chunks of an OHTTP response. Chunk 1 is
/// the head; every content chunk is a chunk of its own; the final chunk is the content's end and the trailers. All but the final one
/// enter the chunk chain. Send what the methods return, in order.
/// </summary>
public sealed class ResponseStreamSealer : IDisposable
{
    /// <summary>The most content in one chunk; <see cref="Write"/> splits what is longer.</summary>
    public const int MaxContent = OhttpChunk.MaxPlaintext - 4;

    private readonly ChunkedResponseSealer sealer;
    private readonly ChunkChain? chain;
    private readonly ArrayBufferWriter<byte> message = new(OhttpChunk.MaxPlaintext);
    private readonly ArrayBufferWriter<byte> output = new(1024);

    /// <summary>Takes over <paramref name="sealer"/>.</summary>
    /// <param name="sealer">From the request's opener.</param>
    /// <param name="chain">The chain to extend; null for an error answer, which has no receipt.</param>
    public ResponseStreamSealer(ChunkedResponseSealer sealer, ChunkChain? chain)
    {
        this.sealer = sealer;
        this.chain = chain;
    }

    /// <summary>The response nonce and chunk 1 with status and header fields.</summary>
    public byte[] Start(int status, IReadOnlyList<BhttpField> fields)
    {
        BinaryResponseWriter.WriteHead(message, status, fields);
        output.Write(sealer.Start());
        SealMessage();
        return Take();
    }

    /// <summary>One chunk of content, or several if it is longer than <see cref="MaxContent"/>; nothing for no content.</summary>
    public byte[] Write(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            ReadOnlySpan<byte> piece = content[..Math.Min(content.Length, MaxContent)];
            BinaryResponseWriter.WriteContent(message, piece);
            SealMessage();
            content = content[piece.Length..];
        }

        return Take();
    }

    /// <summary>The final chunk: the content's end and the trailer fields.</summary>
    public byte[] Finish(IReadOnlyList<BhttpField> trailers)
    {
        BinaryResponseWriter.WriteEnd(message, trailers);
        byte[] final = sealer.SealFinal(message.WrittenSpan);
        message.Clear();
        return final;
    }

    /// <summary>Zeroes keys and the last plaintext.</summary>
    public void Dispose()
    {
        message.Clear();
        sealer.Dispose();
    }

    private void SealMessage()
    {
        ReadOnlySpan<byte> plaintext = message.WrittenSpan;
        chain?.Append(plaintext);
        Span<byte> destination = output.GetSpan(ChunkedResponseSealer.SealedLength(plaintext.Length));
        output.Advance(sealer.Seal(plaintext, destination));

        // ArrayBufferWriter.Clear zeroes what was written; ResetWrittenCount would leave it.
        message.Clear();
    }

    private byte[] Take()
    {
        byte[] taken = output.WrittenSpan.ToArray();
        output.ResetWrittenCount();
        return taken;
    }
}
