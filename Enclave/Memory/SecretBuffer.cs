using System.Buffers;
using System.Security.Cryptography;

namespace Verathos.Enclave.Memory;

/// <summary>
/// Bytes that must not outlive their use: pinned, so that the collector leaves no copies behind, and zeroed on
/// <see cref="Dispose"/> and on growth.
/// </summary>
/// <remarks>Not thread-safe. Its spans and memories die with it.</remarks>
public sealed class SecretBuffer : IBufferWriter<byte>, IDisposable
{
    private byte[] _bytes;
    private bool _disposed;

    /// <summary>An empty buffer with room for <paramref name="capacity"/> bytes.</summary>
    public SecretBuffer(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        _bytes = GC.AllocateArray<byte>(Math.Max(capacity, 16), pinned: true);
    }

    /// <summary>A buffer that holds a copy of <paramref name="content"/>.</summary>
    public static SecretBuffer CopyOf(ReadOnlySpan<byte> content)
    {
        SecretBuffer buffer = new(content.Length);
        buffer.Append(content);
        return buffer;
    }

    /// <summary>A buffer of <paramref name="length"/> random bytes.</summary>
    public static SecretBuffer Random(int length)
    {
        SecretBuffer buffer = new(length);
        RandomNumberGenerator.Fill(buffer._bytes.AsSpan(0, length));
        buffer.Length = length;
        return buffer;
    }

    /// <summary>How many bytes it holds.</summary>
    public int Length { get; private set; }

    /// <summary>What it holds.</summary>
    public ReadOnlySpan<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _bytes.AsSpan(0, Length);
        }
    }

    /// <summary>What it holds; valid until the next append or the end.</summary>
    public ReadOnlyMemory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _bytes.AsMemory(0, Length);
        }
    }

    /// <summary>The array behind, for tests that look whether it is zero afterwards.</summary>
    internal byte[] Backing => _bytes;

    /// <summary>Appends bytes; where the array is too small a larger one takes over and the old one is zeroed.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (content.Length > _bytes.Length - Length)
        {
            Grow(checked(Length + content.Length));
        }

        content.CopyTo(_bytes.AsSpan(Length));
        Length += content.Length;
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - Length);
        Length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(Length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(Length);
    }

    /// <summary>Zeroes the content and keeps the room.</summary>
    public void Clear()
    {
        CryptographicOperations.ZeroMemory(_bytes.AsSpan(0, Length));
        Length = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_bytes);
        Length = 0;
        _disposed = true;
    }

    private void Reserve(int sizeHint)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int wanted = Math.Max(sizeHint, 1);
        if (wanted > _bytes.Length - Length)
        {
            Grow(checked(Length + wanted));
        }
    }

    private void Grow(int needed)
    {
        byte[] larger = GC.AllocateArray<byte>((int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * _bytes.Length)), pinned: true);
        _bytes.AsSpan(0, Length).CopyTo(larger);
        CryptographicOperations.ZeroMemory(_bytes);
        _bytes = larger;
    }
}
