using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Verathos.Enclave.Memory;

/// <summary>Everything secret that one request holds; ended together, whichever way the request ends.</summary>
internal sealed class SecretScope : IDisposable
{
    private readonly List<SecretBuffer> _buffers = [];
    private readonly List<SecretIds> _ids = [];
    private readonly List<IDisposable> _others = [];

    /// <summary>The buffers, for tests that look whether they are zero afterwards.</summary>
    public IReadOnlyList<SecretBuffer> Buffers => _buffers;

    /// <summary>The token lists, for tests that look whether they are zero afterwards.</summary>
    public IReadOnlyList<SecretIds> Ids => _ids;

    /// <summary>Whatever else it owns, for tests that look whether it is zero afterwards.</summary>
    public IReadOnlyList<IDisposable> Others => _others;

    /// <summary>Owns a buffer.</summary>
    public SecretBuffer Own(SecretBuffer buffer)
    {
        _buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Owns a token list.</summary>
    public SecretIds Own(SecretIds ids)
    {
        _ids.Add(ids);
        return ids;
    }

    /// <summary>Owns anything else that zeroes itself when disposed.</summary>
    public T Own<T>(T other)
        where T : IDisposable
    {
        _others.Add(other);
        return other;
    }

    /// <summary>The bytes that <see cref="Wipe"/> has zeroed so far, for tests that look whether nothing was left out.</summary>
    public long Wiped { get; private set; }

    /// <summary>Zeroes at once what the request has passed through and nothing reads any more. Only for memory over arrays.</summary>
    public void Wipe(ReadOnlyMemory<byte> memory)
    {
        if (MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> array))
        {
            CryptographicOperations.ZeroMemory(array.AsSpan());
            Wiped += array.Count;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable other in _others)
        {
            other.Dispose();
        }

        foreach (SecretBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }

        foreach (SecretIds ids in _ids)
        {
            ids.Dispose();
        }
    }
}
