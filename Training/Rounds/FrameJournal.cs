using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Training.Rounds;

/// <summary>
/// Pieces in a file: for each its length (4, big-endian), the piece, and SHA-256(hash before || piece), the first hash before being 32
/// zeros. A piece is on the disk when <see cref="Append"/> returns. A last frame that a stop cut short is dropped, as nobody was told of
/// it; anything else that does not fit is an error.
/// </summary>
public sealed class FrameJournal : IDisposable
{
    private const int MostBytes = 1 << 30;

    private readonly FileStream _file;
    private readonly List<byte[]> _pieces = [];
    private byte[] _hash = new byte[SHA256.HashSizeInBytes];

    /// <summary>Opens a journal, or makes one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isPossible">Whether a piece can have been written; null takes any.</param>
    /// <exception cref="InvalidDataException">The file is no journal, or was changed.</exception>
    /// <exception cref="IOException">The file cannot be opened, or another process has it.</exception>
    public FrameJournal(string path, Func<byte[], bool>? isPossible = null)
    {
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            Load(isPossible);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The pieces that were there when it was opened.</summary>
    public IReadOnlyList<byte[]> Pieces => _pieces;

    /// <summary>Writes a piece through to the disk.</summary>
    /// <param name="piece">At least one byte.</param>
    public void Append(ReadOnlySpan<byte> piece)
    {
        byte[] frame = new byte[4 + piece.Length + SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt32BigEndian(frame, piece.Length);
        piece.CopyTo(frame.AsSpan(4));
        byte[] hash = SHA256.HashData([.. _hash, .. piece]);
        hash.CopyTo(frame, 4 + piece.Length);
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

    private void Load(Func<byte[], bool>? isPossible)
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

            byte[] piece = frame[..length];
            byte[] hash = SHA256.HashData([.. _hash, .. piece]);
            if (!hash.AsSpan().SequenceEqual(frame.AsSpan(length)) || isPossible?.Invoke(piece) == false)
            {
                throw new InvalidDataException($"the journal was changed at byte {whole}");
            }

            _pieces.Add(piece);
            _hash = hash;
            whole = _file.Position;
        }

        _file.SetLength(whole);
        _file.Position = whole;
    }
}
