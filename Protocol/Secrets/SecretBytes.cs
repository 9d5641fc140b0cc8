using System.Security.Cryptography;

namespace Verathos.Protocol.Secrets;

/// <summary>
/// Bytes that must not outlive their use: pinned, so that the collector leaves no copy behind when it moves things,
/// and overwritten with zeros on <see cref="Dispose"/>.
/// </summary>
public sealed class SecretBytes : IDisposable
{
    private readonly byte[] bytes;
    private bool disposed;

    /// <summary>Allocates <paramref name="length"/> zero bytes.</summary>
    public SecretBytes(int length) => bytes = GC.AllocateArray<byte>(length, pinned: true);

    /// <summary>Copies <paramref name="source"/>; the caller still owns, and should zero, the original.</summary>
    public SecretBytes(ReadOnlySpan<byte> source)
        : this(source.Length) => source.CopyTo(bytes);

    /// <summary>Fills a new buffer from the system's random generator.</summary>
    public static SecretBytes Random(int length)
    {
        SecretBytes secret = new(length);
        RandomNumberGenerator.Fill(secret.bytes);
        return secret;
    }

    /// <summary>The bytes; throws once disposed.</summary>
    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return bytes;
        }
    }

    /// <summary>Length in bytes.</summary>
    public int Length => bytes.Length;

    /// <summary>Overwrites the bytes with zeros.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(bytes);
        disposed = true;
    }

    /// <summary>The memory itself whether or not it was disposed, so that a test can see the zeros.</summary>
    internal ReadOnlySpan<byte> Raw => bytes;
}
