namespace Verathos.Client.Tests.Nodes;

/// <summary>A body that gives one piece a read, and then ends, breaks or hangs.</summary>
internal sealed class PieceStream(IReadOnlyList<byte[]> pieces, bool breaks, TaskCompletionSource? hanging = null) : Stream
{
    private int _next;
    private int _offset;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_next == pieces.Count && hanging is not null)
        {
            hanging.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        return Read(buffer.Span);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_next == pieces.Count)
            return breaks ? throw new IOException("the connection was reset") : 0;

        ReadOnlySpan<byte> rest = pieces[_next].AsSpan(_offset);
        int count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        _offset += count;
        if (_offset == pieces[_next].Length)
            (_next, _offset) = (_next + 1, 0);

        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
