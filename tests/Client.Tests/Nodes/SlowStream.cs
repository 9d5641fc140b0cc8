using Microsoft.Extensions.Time.Testing;

namespace Verathos.Client.Tests.Nodes;

/// <summary>A body whose every piece takes a while to come: whole pieces, or single bytes of every piece from the given one on.</summary>
internal sealed class SlowStream(IReadOnlyList<byte[]> pieces, FakeTimeProvider clock, TimeSpan wait, int singleFrom = int.MaxValue) : Stream
{
    private readonly Queue<byte[]> _reads = new(pieces.SelectMany((piece, i) => i < singleFrom ? [piece] : piece.Select(one => (byte[])[one])));

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_reads.TryDequeue(out byte[]? next))
            return ValueTask.FromResult(0);

        clock.Advance(wait);
        cancellationToken.ThrowIfCancellationRequested();

        next.CopyTo(buffer);
        return ValueTask.FromResult(next.Length);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
