using System.Text;

namespace Verathos.Client.Streams;

/// <summary>
/// An incremental reader of <c>text/event-stream</c> (WHATWG HTML section 9.2.6) over authenticated bytes as they arrive.
/// Only what the node sends is understood: <c>event</c>, <c>data</c>, comments; <c>id</c> and <c>retry</c> are ignored as the standard allows.
/// </summary>
internal sealed class SseParser
{
    private const int MaximumEvent = 4 * 1024 * 1024;
    private readonly Queue<SseEvent> _events = new();
    private byte[] _line = new byte[1024];
    private int _length;
    private bool _skipLineFeed;
    private string? _name;
    private byte[]? _data;

    /// <summary>Whether bytes of an unfinished event are held back.</summary>
    public bool HasPartialEvent => _length > 0 || _data is not null || _name is not null;

    /// <summary>Takes the next bytes of the stream. False when an event exceeds 4 MiB.</summary>
    public bool TryFeed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_skipLineFeed)
            {
                _skipLineFeed = false;
                if (bytes[0] == (byte)'\n')
                {
                    bytes = bytes[1..];
                    continue;
                }
            }

            int end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
                return TryAppend(bytes);

            // A line that arrived whole is read where it lies.
            bool ended = _length == 0
                ? TryEndLine(bytes[..end])
                : TryAppend(bytes[..end]) && TryEndLine(_line.AsSpan(0, _length));
            if (!ended)
                return false;

            _length = 0;
            _skipLineFeed = bytes[end] == (byte)'\r';
            bytes = bytes[(end + 1)..];
        }

        return true;
    }

    /// <summary>The next whole event, in order.</summary>
    public bool TryRead(out SseEvent value) => _events.TryDequeue(out value);

    private bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaximumEvent - _length)
            return false;

        if (_length + bytes.Length > _line.Length)
            Array.Resize(ref _line, Math.Max(_line.Length * 2, _length + bytes.Length));

        bytes.CopyTo(_line.AsSpan(_length));
        _length += bytes.Length;
        return true;
    }

    private bool TryEndLine(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            if (_data is not null)
                _events.Enqueue(new SseEvent(_name, _data));

            _name = null;
            _data = null;
            return true;
        }

        if (line[0] == (byte)':')
            return true;

        int colon = line.IndexOf((byte)':');
        ReadOnlySpan<byte> field = colon < 0 ? line : line[..colon];
        ReadOnlySpan<byte> value = colon < 0 ? [] : line[(colon + 1)..];
        if (!value.IsEmpty && value[0] == (byte)' ')
            value = value[1..];

        if (field.SequenceEqual("event"u8))
        {
            _name = Encoding.UTF8.GetString(value);
            return true;
        }

        return !field.SequenceEqual("data"u8) || TryAddData(value);
    }

    private bool TryAddData(ReadOnlySpan<byte> value)
    {
        if (_data is null)
        {
            _data = value.ToArray();
            return true;
        }

        if (_data.Length + 1 + value.Length > MaximumEvent)
            return false;

        byte[] joined = new byte[_data.Length + 1 + value.Length];
        _data.CopyTo(joined, 0);
        joined[_data.Length] = (byte)'\n';
        value.CopyTo(joined.AsSpan(_data.Length + 1));
        _data = joined;
        return true;
    }
}
