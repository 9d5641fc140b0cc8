namespace Verathos.Protocol.Bhttp;

/// <summary>
/// Reads a response, known-length or indeterminate-length, from bytes that arrive in pieces of any size. Feed bytes, take parts,
/// and say <see cref="Complete"/> at the end of the input; after an error nothing more is given out.
/// </summary>
public sealed class BinaryResponseReader
{
    private readonly Queue<BhttpPart> parts = new();
    private byte[] pending = [];
    private State state = State.Framing;
    private bool indeterminate;
    private ulong contentLeft;
    private bool contentStarted;
    private int status;

    private enum State
    {
        Framing,
        Status,
        Fields,
        InformationalFields,
        ContentLength,
        Content,
        Trailers,
        Padding,
    }

    /// <summary>The first error, which stays.</summary>
    public BhttpError Error { get; private set; }

    /// <summary>True once the trailers were read.</summary>
    public bool AtEnd => state == State.Padding;

    /// <summary>Takes the next part that is complete.</summary>
    public bool TryRead(out BhttpPart part) => parts.TryDequeue(out part);

    /// <summary>Adds bytes.</summary>
    public BhttpError Feed(ReadOnlySpan<byte> bytes)
    {
        if (Error != BhttpError.None)
        {
            return Error;
        }

        byte[] data = pending.Length == 0 ? bytes.ToArray() : [.. pending, .. bytes];
        int offset = 0;
        BhttpError error;
        do
        {
            error = Step(data, ref offset);
        }
        while (error == BhttpError.None && offset < data.Length);

        pending = data[offset..];
        if (error == BhttpError.Truncated)
        {
            error = pending.Length > BhttpEncoding.MaxSection * 2 ? BhttpError.TooLarge : BhttpError.None;
        }

        if (error != BhttpError.None)
        {
            Error = error;
        }

        return Error;
    }

    /// <summary>
    /// The input is over. RFC 9292 section 3.8 lets a message end at the boundary before the header fields, the content or the
    /// trailers, with what is missing empty; an end anywhere else is <see cref="BhttpError.Truncated"/>.
    /// </summary>
    public BhttpError Complete()
    {
        if (Error != BhttpError.None || state == State.Padding)
        {
            return Error;
        }

        bool boundary = pending.Length == 0
            && (state is State.Fields or State.Trailers || (state == State.ContentLength && !contentStarted));
        if (!boundary)
        {
            return Error = BhttpError.Truncated;
        }

        if (state == State.Fields)
        {
            parts.Enqueue(new BhttpPart(BhttpPartKind.Head, status, [], default));
        }

        parts.Enqueue(new BhttpPart(BhttpPartKind.End, 0, [], default));
        state = State.Padding;
        return BhttpError.None;
    }

    private BhttpError Step(ReadOnlySpan<byte> data, scoped ref int offset) => state switch
    {
        State.Framing => ReadFraming(data, ref offset),
        State.Status => ReadStatus(data, ref offset),
        State.Fields or State.InformationalFields or State.Trailers => ReadFields(data, ref offset),
        State.ContentLength => ReadContentLength(data, ref offset),
        State.Content => ReadContent(data, ref offset),
        _ => ReadPadding(data, ref offset),
    };

    private BhttpError ReadFraming(ReadOnlySpan<byte> data, scoped ref int offset)
    {
        BhttpError error = VarInt.Read(data, ref offset, out ulong framing);
        if (error != BhttpError.None)
        {
            return error;
        }

        indeterminate = framing == 3;
        state = State.Status;
        return framing is 1 or 3 ? BhttpError.None : BhttpError.Framing;
    }

    private BhttpError ReadStatus(ReadOnlySpan<byte> data, scoped ref int offset)
    {
        BhttpError error = VarInt.Read(data, ref offset, out ulong code);
        if (error != BhttpError.None)
        {
            return error;
        }

        if (code is < 100 or > 599)
        {
            return BhttpError.Status;
        }

        status = (int)code;
        state = code < 200 ? State.InformationalFields : State.Fields;
        return BhttpError.None;
    }

    private BhttpError ReadFields(ReadOnlySpan<byte> data, scoped ref int offset)
    {
        List<BhttpField> fields = [];
        BhttpError error = indeterminate
            ? BhttpEncoding.ReadIndeterminateFields(data, ref offset, fields)
            : BhttpEncoding.ReadKnownFields(data, ref offset, fields);
        if (error != BhttpError.None)
        {
            return error;
        }

        (BhttpPartKind kind, State next) = state switch
        {
            State.InformationalFields => (BhttpPartKind.Informational, State.Status),
            State.Fields => (BhttpPartKind.Head, State.ContentLength),
            _ => (BhttpPartKind.End, State.Padding),
        };
        parts.Enqueue(new BhttpPart(kind, kind == BhttpPartKind.End ? 0 : status, fields, default));
        state = next;
        return BhttpError.None;
    }

    private BhttpError ReadContentLength(ReadOnlySpan<byte> data, scoped ref int offset)
    {
        BhttpError error = VarInt.Read(data, ref offset, out contentLeft);
        if (error != BhttpError.None)
        {
            return error;
        }

        contentStarted = true;
        state = contentLeft == 0 ? State.Trailers : State.Content;
        return BhttpError.None;
    }

    private BhttpError ReadContent(ReadOnlySpan<byte> data, scoped ref int offset)
    {
        int take = (int)Math.Min(contentLeft, (ulong)(data.Length - offset));
        if (take > 0)
        {
            parts.Enqueue(new BhttpPart(BhttpPartKind.Content, 0, [], data.Slice(offset, take).ToArray()));
            offset += take;
            contentLeft -= (ulong)take;
        }

        if (contentLeft == 0)
        {
            state = indeterminate ? State.ContentLength : State.Trailers;
        }

        return BhttpError.None;
    }

    private static BhttpError ReadPadding(ReadOnlySpan<byte> data, scoped ref int offset)
    {
        bool zero = BhttpEncoding.IsZero(data[offset..]);
        offset = data.Length;
        return zero ? BhttpError.None : BhttpError.Padding;
    }
}
