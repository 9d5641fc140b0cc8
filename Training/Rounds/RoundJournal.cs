using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Training.Rounds;

/// <summary>
/// A round's events in a file: for each its length (4, big-endian), the event, and SHA-256(hash before || event), the first hash before
/// being 32 zeros. An event is on the disk when <see cref="Append"/> returns. A last frame that a stop cut short is dropped, as nobody
/// was told of it; anything else that does not fit is an error.
/// </summary>
public sealed class RoundJournal : IDisposable
{
    private const int MostBytes = 1 << 30;

    private readonly FileStream _file;
    private readonly List<RoundEvent> _events = [];
    private byte[] _hash = new byte[SHA256.HashSizeInBytes];

    /// <summary>Opens a journal, or makes one.</summary>
    /// <exception cref="InvalidDataException">The file is no journal, or was changed.</exception>
    /// <exception cref="IOException">The file cannot be opened, or another process has it.</exception>
    public RoundJournal(string path)
    {
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            Load();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The events that were there when it was opened.</summary>
    public IReadOnlyList<RoundEvent> Events => _events;

    /// <summary>Writes an event through to the disk.</summary>
    public void Append(RoundEvent happened)
    {
        byte[] encoded = RoundEventEncoding.Encode(happened);
        byte[] frame = new byte[4 + encoded.Length + SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt32BigEndian(frame, encoded.Length);
        encoded.CopyTo(frame, 4);
        byte[] hash = SHA256.HashData([.. _hash, .. encoded]);
        hash.CopyTo(frame, 4 + encoded.Length);
        long start = _file.Position;
        try
        {
            _file.Write(frame);
            _file.Flush(flushToDisk: true);
        }
        catch
        {
            // Half a frame in the middle would end the journal for every later reader.
            _file.SetLength(start);
            throw;
        }

        _hash = hash;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Load()
    {
        byte[] head = new byte[4];
        long whole = 0;
        while (_file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(head);
            if (length is < 1 or > MostBytes)
            {
                throw new InvalidDataException($"the journal has no event at byte {whole}");
            }

            byte[] frame = new byte[Math.Min((long)length + SHA256.HashSizeInBytes, _file.Length - _file.Position)];
            _file.ReadExactly(frame);
            if (frame.Length < length + SHA256.HashSizeInBytes)
            {
                break;
            }

            byte[] hash = SHA256.HashData([.. _hash, .. frame.AsSpan(0, length)]);
            if (!hash.AsSpan().SequenceEqual(frame.AsSpan(length)) || !RoundEventEncoding.TryParse(frame.AsSpan(0, length), out RoundEvent? happened))
            {
                throw new InvalidDataException($"the journal was changed at byte {whole}");
            }

            _events.Add(happened);
            _hash = hash;
            whole = _file.Position;
        }

        _file.SetLength(whole);
        _file.Position = whole;
    }
}
