using Verathos.Protocol.Hpke;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Ohttp;

/// <summary>
/// The client's end of a chunked response (draft-ietf-ohai-chunked-ohttp-08 section 6.2). Feed bytes as they come, take chunks, and
/// say <see cref="Complete"/> at the end of the body: only then can the final chunk come out, and without it the response is refused.
/// </summary>
public sealed class ChunkedResponseOpener : IDisposable
{
    private readonly ChunkSplitter splitter = new();
    private readonly HpkeSuite suite;
    private readonly SecretBytes secret;
    private readonly byte[] encapsulated;
    private ResponseKeys? keys;
    private long index;
    private bool completed;

    internal ChunkedResponseOpener(HpkeSuite suite, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> encapsulated)
    {
        this.suite = suite;
        this.secret = new SecretBytes(secret);
        this.encapsulated = encapsulated.ToArray();
    }

    /// <summary>The first error, which stays.</summary>
    public OhttpError Error { get; private set; }

    /// <summary>True once the final chunk was opened.</summary>
    public bool IsFinal { get; private set; }

    /// <summary>Adds bytes.</summary>
    public OhttpError Feed(ReadOnlySpan<byte> bytes)
    {
        if (Error != OhttpError.None)
        {
            return Error;
        }

        Error = splitter.Feed(bytes);
        if (Error == OhttpError.None && keys is null
            && splitter.TryTake(ResponseKeys.EntropyLength(suite), out ReadOnlySpan<byte> responseNonce))
        {
            keys = ResponseKeys.Derive(suite, secret.Span, encapsulated, responseNonce);
            secret.Dispose();
        }

        return Error;
    }

    /// <summary>The body is over. The final chunk can be taken now, unless the message is cut short.</summary>
    public OhttpError Complete()
    {
        if (Error == OhttpError.None && !completed)
        {
            completed = true;
            splitter.Complete();
            if (keys is null)
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
        if (Error != OhttpError.None || keys is null || IsFinal)
        {
            return false;
        }

        if (!splitter.TryTakeChunk(out ReadOnlySpan<byte> ciphertext, out bool final, out OhttpError error))
        {
            Error = error;
            return false;
        }

        byte[] plaintext = new byte[Math.Max(0, ciphertext.Length - HpkeSuite.TagLength)];
        if (!keys.TryOpen(ciphertext, final, plaintext))
        {
            Error = OhttpError.ChunkNotAuthentic;
            return false;
        }

        IsFinal = final;
        chunk = new OhttpChunk(plaintext, ++index, final);
        return true;
    }

    /// <summary>Zeroes the response's keys.</summary>
    public void Dispose()
    {
        secret.Dispose();
        keys?.Dispose();
    }
}
