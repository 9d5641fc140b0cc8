using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Fingerprint.Trace;

/// <summary>
/// A receipt's salts, one for each leaf and one for the beginning of each head's chain of keys and values, all from one secret.
/// AES-256 in counter mode: salt i of position p is the encryption of (p, 2i) and (p, 2i + 1), each two numbers of 8 bytes, big-endian.
/// A salt tells nothing of the others, so that one leaf can be shown without the rest. Safe for use from several threads once made.
/// </summary>
public sealed class TraceSalts : IDisposable
{
    /// <summary>Bytes of the secret.</summary>
    public const int SecretSize = 32;

    /// <summary>Bytes of a salt.</summary>
    public const int Size = 32;

    /// <summary>The position whose salts begin the chains; no step has it.</summary>
    public const long ChainPosition = -1;

    /// <summary>The position whose salts key the leaves over TOPLOC proofs, and the next the sketches.</summary>
    internal const long ToplocPosition = -2;

    /// <summary>See <see cref="ToplocPosition"/>.</summary>
    internal const long SketchPosition = -3;

    // One cipher for all salts: making one costs more than a step's salts. Its room is what a prompt's salts are encrypted in, part by part.
    private const int Room = 4096;
    private readonly ICryptoTransform _cipher;
    private readonly byte[] _room = GC.AllocateArray<byte>(Room, pinned: true);
    private bool _disposed;

    /// <summary>Keys the salts.</summary>
    /// <param name="secret">32 bytes that only node and client know.</param>
    public TraceSalts(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != SecretSize)
        {
            throw new ArgumentException("a trace's secret has 32 bytes", nameof(secret));
        }

        using Aes aes = Aes.Create();
        aes.Mode = CipherMode.ECB;
        aes.Padding = PaddingMode.None;
        aes.SetKey(secret);
        _cipher = aes.CreateEncryptor();
    }

    /// <summary>Writes the first salts of a position.</summary>
    /// <param name="position">Of the step.</param>
    /// <param name="destination">A multiple of 32 bytes.</param>
    public void Write(long position, Span<byte> destination) => Write(position, 0, destination);

    /// <summary>Writes neighbouring salts of a position.</summary>
    /// <param name="position">Of the step.</param>
    /// <param name="first">The first salt's number.</param>
    /// <param name="destination">A multiple of 32 bytes.</param>
    public void Write(long position, long first, Span<byte> destination)
    {
        WriteBlocks(position, first, destination);
        Encrypt(destination);
    }

    /// <summary>Writes the first salts of neighbouring positions, those of each together.</summary>
    internal void WriteRange(long position, int count, Span<byte> destination)
    {
        int each = destination.Length / count;
        for (int i = 0; i < count; i++)
        {
            WriteBlocks(position + i, 0, destination.Slice(i * each, each));
        }

        Encrypt(destination);
    }

    /// <summary>Forgets the key.</summary>
    public void Dispose()
    {
        _disposed = true;
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_room);
    }

    private static void WriteBlocks(long position, long first, Span<byte> destination)
    {
        for (int block = 0; block < destination.Length / 16; block++)
        {
            BinaryPrimitives.WriteInt64BigEndian(destination[(16 * block)..], position);
            BinaryPrimitives.WriteInt64BigEndian(destination[((16 * block) + 8)..], (2 * first) + block);
        }
    }

    private void Encrypt(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        lock (_room)
        {
            while (!destination.IsEmpty)
            {
                Span<byte> some = destination[..Math.Min(destination.Length, Room)];
                some.CopyTo(_room);
                _cipher.TransformBlock(_room, 0, some.Length, _room, 0);
                _room.AsSpan(0, some.Length).CopyTo(some);
                destination = destination[some.Length..];
            }
        }
    }
}
