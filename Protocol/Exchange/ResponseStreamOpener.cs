using System.Security.Cryptography;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;

namespace Verathos.Protocol.Exchange;

/// <summary>
/// The client's end of an answer. Feed the body's bytes as they come, say <see cref="Complete"/> at its end, and take parts: loss,
/// reordering, repetition and truncation are refused. Hashes of the chunks are kept, so that the chain can be followed from the start
/// once the receipt's secret is known from the first event.
/// </summary>
public sealed class ResponseStreamOpener(ChunkedResponseOpener opener) : IDisposable
{
    private readonly BinaryResponseReader reader = new();
    private readonly Queue<ResponsePart> parts = new();
    private readonly List<byte[]> hashes = [];
    private readonly List<byte[]> heads = [];
    private ChunkChain? chain;
    private bool ended;

    /// <summary>The first error, which stays.</summary>
    public ExchangeError Error { get; private set; }

    /// <summary>Chunks opened so far, without the final one: the i of the chain.</summary>
    public int ChunkCount => hashes.Count;

    /// <summary>SHA-256 of each of those chunks' plaintext, in order.</summary>
    public IReadOnlyList<byte[]> ChunkHashes => hashes;

    /// <summary>True once the final chunk was opened and the message in it was over.</summary>
    public bool IsComplete => ended && Error == ExchangeError.None;

    /// <summary>Adds bytes of the response's body.</summary>
    public ExchangeError Feed(ReadOnlySpan<byte> bytes)
    {
        if (Error == ExchangeError.None)
        {
            opener.Feed(bytes);
            Drain();
        }

        return Error;
    }

    /// <summary>The body is over.</summary>
    public ExchangeError Complete()
    {
        if (Error == ExchangeError.None)
        {
            opener.Complete();
            Drain();
            if (Error == ExchangeError.None && !ended)
            {
                Error = ExchangeError.Truncated;
            }
        }

        return Error;
    }

    /// <summary>Takes the next part.</summary>
    public bool TryRead(out ResponsePart part) => parts.TryDequeue(out part);

    /// <summary>Starts the chain; from here on <see cref="TryGetChainHead"/> answers. Call it once.</summary>
    public void StartChain(ReadOnlySpan<byte> receiptSecret, ReadOnlySpan<byte> requestDigest)
    {
        if (chain is not null)
        {
            throw new InvalidOperationException("the chain has started");
        }

        chain = new ChunkChain(receiptSecret, requestDigest);
        heads.Add(chain.Head.ToArray());
        foreach (byte[] hash in hashes)
        {
            Extend(chain, hash);
        }
    }

    /// <summary>h_i for any i up to <see cref="ChunkCount"/>; false beyond, or before the chain was started.</summary>
    public bool TryGetChainHead(ulong index, out ReadOnlyMemory<byte> head)
    {
        bool known = index < (ulong)heads.Count;
        head = known ? heads[(int)index] : default;
        return known;
    }

    /// <summary>Zeroes the response's keys.</summary>
    public void Dispose() => opener.Dispose();

    private void Drain()
    {
        while (Error == ExchangeError.None && opener.TryRead(out OhttpChunk chunk))
        {
            Take(chunk);
        }

        if (Error == ExchangeError.None)
        {
            Error = opener.Error switch
            {
                OhttpError.None => ExchangeError.None,
                OhttpError.Truncated => ExchangeError.Truncated,
                OhttpError.ChunkNotAuthentic => ExchangeError.ChunkNotAuthentic,
                _ => ExchangeError.ChunkLength,
            };
        }
    }

    private void Take(OhttpChunk chunk)
    {
        if (!chunk.IsFinal)
        {
            byte[] hash = SHA256.HashData(chunk.Plaintext.Span);
            hashes.Add(hash);
            if (chain is not null)
            {
                Extend(chain, hash);
            }
        }

        if (reader.Feed(chunk.Plaintext.Span) != BhttpError.None || (chunk.IsFinal && !reader.AtEnd && reader.Complete() != BhttpError.None))
        {
            Error = chunk.IsFinal && reader.Error == BhttpError.Truncated ? ExchangeError.End : ExchangeError.Message;
            return;
        }

        if (!chunk.IsFinal && reader.AtEnd)
        {
            Error = ExchangeError.End;
            return;
        }

        while (reader.TryRead(out BhttpPart part))
        {
            if (chunk.IsFinal && part.Kind == BhttpPartKind.Content)
            {
                Error = ExchangeError.ContentInFinalChunk;
                return;
            }

            parts.Enqueue(new ResponsePart(part.Kind, part.Status, part.Fields, part.Content, chunk.Index));
        }

        ended = chunk.IsFinal;
    }

    private void Extend(ChunkChain extended, byte[] hash)
    {
        extended.AppendHash(hash);
        heads.Add(extended.Head.ToArray());
    }
}
