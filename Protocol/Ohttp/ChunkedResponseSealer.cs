using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Hpke;

namespace Verathos.Protocol.Ohttp;

/// <summary>
/// The gateway's end of a chunked response (draft-ietf-ohai-chunked-ohttp-08 section 6.2): response nonce, chunks each after its
/// length, and the final chunk after a zero. Send what the methods return, in order.
/// </summary>
public sealed class ChunkedResponseSealer : IDisposable
{
    private readonly ResponseKeys keys;
    private readonly byte[] responseNonce;
    private bool started;
    private bool finished;

    internal ChunkedResponseSealer(HpkeSuite suite, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> encapsulated, byte[] responseNonce)
    {
        this.responseNonce = responseNonce;
        keys = ResponseKeys.Derive(suite, secret, encapsulated, responseNonce);
    }

    /// <summary>Bytes that sealing adds to a chunk of <paramref name="plaintext"/> bytes.</summary>
    public static int SealedLength(int plaintext) => VarInt.LengthOf((ulong)(plaintext + HpkeSuite.TagLength)) + plaintext + HpkeSuite.TagLength;

    /// <summary>The response nonce (32 bytes with AES-256-GCM); first, and once.</summary>
    public byte[] Start()
    {
        if (started)
        {
            throw new InvalidOperationException("the response has started");
        }

        started = true;
        return responseNonce;
    }

    /// <summary>A chunk that is not the last: its ciphertext's length as a variable-length integer, then the ciphertext.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plaintext)
    {
        byte[] chunk = new byte[SealedLength(plaintext.Length)];
        Seal(plaintext, chunk);
        return chunk;
    }

    /// <summary>The same into <paramref name="destination"/>, which has <see cref="SealedLength"/> bytes at least; returns how many were written.</summary>
    public int Seal(ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        ThrowIfNotOpen(plaintext);
        int length = plaintext.Length + HpkeSuite.TagLength;
        int at = VarInt.Write(destination, (ulong)length);
        keys.Seal(plaintext, final: false, destination[at..]);
        return at + length;
    }

    /// <summary>The last chunk: a zero, then ciphertext to the end of the message, sealed with "final" as associated data.</summary>
    public byte[] SealFinal(ReadOnlySpan<byte> plaintext)
    {
        ThrowIfNotOpen(plaintext);
        finished = true;
        byte[] chunk = new byte[1 + plaintext.Length + HpkeSuite.TagLength];
        keys.Seal(plaintext, final: true, chunk.AsSpan(1));
        return chunk;
    }

    /// <summary>Zeroes the response's keys.</summary>
    public void Dispose() => keys.Dispose();

    private void ThrowIfNotOpen(ReadOnlySpan<byte> plaintext)
    {
        if (!started || finished)
        {
            throw new InvalidOperationException(started ? "the final chunk is sealed" : "the response has not started");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(plaintext.Length, OhttpChunk.MaxPlaintext);
    }
}
