using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Ohttp;

/// <summary>
/// The client's end of a chunked request (draft-ietf-ohai-chunked-ohttp-08 section 6.1): header and encapsulated key, chunks each
/// after its length, and the final chunk after a zero. Send what the methods return, in order.
/// </summary>
public sealed class ChunkedRequestSealer : IDisposable
{
    private readonly HpkeSender sender;
    private readonly byte[] start;
    private readonly IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[]? requestDigest;
    private bool started;

    private ChunkedRequestSealer(OhttpHeader header, HpkeSender sender)
    {
        this.sender = sender;
        start = [.. header.Encode(), .. sender.Encapsulated.Span];
    }

    /// <summary>Encapsulates to a configuration with AES-256-GCM; false if it does not list that, or if its public key is not valid.</summary>
    public static bool TryCreate(OhttpKeyConfig config, [NotNullWhen(true)] out ChunkedRequestSealer? sealer)
    {
        using SecretBytes randomness = SecretBytes.Random(64);
        return TryCreate(config, HpkeAead.Aes256Gcm, randomness.Span, out sealer);
    }

    /// <summary>The same with a given cipher and randomness, for vectors.</summary>
    internal static bool TryCreate(
        OhttpKeyConfig config, HpkeAead aead, ReadOnlySpan<byte> randomness, [NotNullWhen(true)] out ChunkedRequestSealer? sealer)
    {
        sealer = null;
        if (!config.TryGetSuite(aead, out HpkeSuite suite))
        {
            return false;
        }

        OhttpHeader header = new(config.KeyId, suite);
        if (!HpkeSender.TrySetup(suite, config.PublicKey.Span, header.Info(OhttpHeader.ChunkedRequestLabel), randomness, out HpkeSender? sender))
        {
            return false;
        }

        sealer = new ChunkedRequestSealer(header, sender);
        return true;
    }

    /// <summary>SHA-256 over every byte that the methods returned; available once the final chunk is sealed.</summary>
    public ReadOnlyMemory<byte> RequestDigest => requestDigest ?? throw new InvalidOperationException("the final chunk is not sealed yet");

    /// <summary>The seven header bytes and the encapsulated key; first, and once.</summary>
    public byte[] Start()
    {
        if (started)
        {
            throw new InvalidOperationException("the request has started");
        }

        started = true;
        digest.AppendData(start);
        return start;
    }

    /// <summary>A chunk that is not the last: its ciphertext's length as a variable-length integer, then the ciphertext.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plaintext)
    {
        ThrowIfNotOpen(plaintext);
        ulong length = (ulong)(plaintext.Length + HpkeSuite.TagLength);
        byte[] chunk = new byte[VarInt.LengthOf(length) + (int)length];
        int at = VarInt.Write(chunk, length);
        sender.Seal(plaintext, [], chunk.AsSpan(at));
        digest.AppendData(chunk);
        return chunk;
    }

    /// <summary>The last chunk: a zero, then ciphertext to the end of the message, sealed with "final" as associated data.</summary>
    public byte[] SealFinal(ReadOnlySpan<byte> plaintext)
    {
        ThrowIfNotOpen(plaintext);
        byte[] chunk = new byte[1 + plaintext.Length + HpkeSuite.TagLength];
        sender.Seal(plaintext, "final"u8, chunk.AsSpan(1));
        digest.AppendData(chunk);
        requestDigest = digest.GetHashAndReset();
        return chunk;
    }

    /// <summary>A whole request at once: the start and as many chunks as it takes.</summary>
    public byte[] SealAll(ReadOnlySpan<byte> request)
    {
        List<byte> message = [.. Start()];
        while (request.Length > OhttpChunk.MaxPlaintext)
        {
            message.AddRange(Seal(request[..OhttpChunk.MaxPlaintext]));
            request = request[OhttpChunk.MaxPlaintext..];
        }

        message.AddRange(SealFinal(request));
        return [.. message];
    }

    /// <summary>The opener for the answer; it lives on when this object is disposed.</summary>
    public ChunkedResponseOpener CreateResponseOpener()
    {
        using SecretBytes secret = new(ResponseKeys.EntropyLength(sender.Suite));
        sender.Export(OhttpHeader.ChunkedResponseLabel, secret.Span);
        return new ChunkedResponseOpener(sender.Suite, secret.Span, sender.Encapsulated.Span);
    }

    /// <summary>Zeroes the request's keys.</summary>
    public void Dispose()
    {
        sender.Dispose();
        digest.Dispose();
    }

    private void ThrowIfNotOpen(ReadOnlySpan<byte> plaintext)
    {
        if (!started || requestDigest is not null)
        {
            throw new InvalidOperationException(started ? "the final chunk is sealed" : "the request has not started");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(plaintext.Length, OhttpChunk.MaxPlaintext);
    }
}
