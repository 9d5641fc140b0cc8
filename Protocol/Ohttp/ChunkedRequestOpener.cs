using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Ohttp;

/// <summary>
/// The gateway's end of a chunked request (draft-ietf-ohai-chunked-ohttp-08 section 6.1). Feed the body's bytes as they come, say
/// <see cref="Complete"/> at its end, and take chunks. The replay record is consulted with <see cref="HeaderDigest"/> as soon as it
/// is there; no work may start before the final chunk came out.
/// </summary>
public sealed class ChunkedRequestOpener(IReadOnlyCollection<OhttpPrivateKey> keys, int maxBytes) : IDisposable
{
    private readonly ChunkSplitter splitter = new();
    private readonly IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private OhttpPrivateKey? key;
    private OhttpHeader header;
    private byte[] headerBytes = [];
    private byte[] encapsulated = [];
    private byte[] headerDigest = [];
    private byte[]? requestDigest;
    private HpkeRecipient? recipient;
    private long received;
    private long index;
    private bool completed;

    /// <summary>The first error, which stays.</summary>
    public OhttpError Error { get; private set; }

    /// <summary>True once header and encapsulated key are there and were decapsulated.</summary>
    public bool HeaderComplete => recipient is not null;

    /// <summary>The key's identifier, once the header is complete.</summary>
    public byte KeyId => header.KeyId;

    /// <summary>SHA-256 of header and encapsulated key: what the replay record keeps. Empty before the header is complete.</summary>
    public ReadOnlyMemory<byte> HeaderDigest => headerDigest;

    /// <summary>True once the final chunk was opened.</summary>
    public bool IsFinal { get; private set; }

    /// <summary>SHA-256 over every byte fed; available once the final chunk was opened.</summary>
    public ReadOnlyMemory<byte> RequestDigest => requestDigest ?? throw new InvalidOperationException("the final chunk is not opened yet");

    /// <summary>Adds bytes.</summary>
    public OhttpError Feed(ReadOnlySpan<byte> bytes)
    {
        if (Error != OhttpError.None)
        {
            return Error;
        }

        received += bytes.Length;
        if (received > maxBytes)
        {
            return Error = OhttpError.MessageTooLarge;
        }

        Error = splitter.Feed(bytes);
        if (Error != OhttpError.None)
        {
            return Error;
        }

        digest.AppendData(bytes);
        return ReadHeader();
    }

    /// <summary>The body is over. The final chunk can be taken now, unless the message is cut short.</summary>
    public OhttpError Complete()
    {
        if (Error == OhttpError.None && !completed)
        {
            completed = true;
            splitter.Complete();
            if (!HeaderComplete)
            {
                Error = OhttpError.Truncated;
            }
        }

        return Error;
    }

    /// <summary>Opens the next chunk that is complete. False means: feed more, or see <see cref="Error"/>, or the final chunk is out.</summary>
    public bool TryRead(out OhttpChunk chunk)
    {
        chunk = default;
        if (Error != OhttpError.None || recipient is null || IsFinal)
        {
            return false;
        }

        if (!splitter.TryTakeChunk(out ReadOnlySpan<byte> ciphertext, out bool final, out OhttpError error))
        {
            Error = error;
            return false;
        }

        byte[] plaintext = new byte[Math.Max(0, ciphertext.Length - HpkeSuite.TagLength)];
        if (!recipient.TryOpen(ciphertext, final ? "final"u8 : default, plaintext))
        {
            Error = OhttpError.ChunkNotAuthentic;
            return false;
        }

        chunk = new OhttpChunk(plaintext, ++index, final);
        if (final)
        {
            IsFinal = true;
            requestDigest = digest.GetHashAndReset();
        }

        return true;
    }

    /// <summary>The sealer for the answer, with a fresh response nonce; it lives on when this object is disposed.</summary>
    public ChunkedResponseSealer CreateResponseSealer()
    {
        int length = ResponseKeys.EntropyLength(header.Suite);
        return CreateResponseSealer(RandomNumberGenerator.GetBytes(length));
    }

    /// <summary>The same with a given response nonce, for vectors.</summary>
    internal ChunkedResponseSealer CreateResponseSealer(byte[] responseNonce)
    {
        if (recipient is null)
        {
            throw new InvalidOperationException("the header is not complete");
        }

        using SecretBytes secret = new(ResponseKeys.EntropyLength(header.Suite));
        recipient.Export(OhttpHeader.ChunkedResponseLabel, secret.Span);
        return new ChunkedResponseSealer(header.Suite, secret.Span, encapsulated, responseNonce);
    }

    /// <summary>Zeroes the request's keys.</summary>
    public void Dispose()
    {
        recipient?.Dispose();
        digest.Dispose();
    }

    private OhttpError ReadHeader()
    {
        if (headerBytes.Length == 0 && splitter.TryTake(OhttpHeader.Length, out ReadOnlySpan<byte> bytes))
        {
            headerBytes = bytes.ToArray();
            if (!OhttpHeader.TryMatch(bytes, keys, out header, out key))
            {
                return Error = OhttpError.UnknownKey;
            }
        }

        if (key is not null && recipient is null && splitter.TryTake(header.Suite.EncapsulatedKeyLength, out bytes))
        {
            encapsulated = bytes.ToArray();
            if (!HpkeRecipient.TrySetup(header.Suite, key.Key, encapsulated, header.Info(OhttpHeader.ChunkedRequestLabel), out recipient))
            {
                return Error = OhttpError.Decapsulation;
            }

            headerDigest = SHA256.HashData([.. headerBytes, .. encapsulated]);
        }

        return OhttpError.None;
    }
}
