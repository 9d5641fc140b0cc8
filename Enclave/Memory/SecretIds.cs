using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Verathos.Enclave.Memory;

/// <summary>Token ids of a prompt or an answer: pinned, zeroed on growth and at the end.</summary>
public sealed class SecretIds : IDisposable
{
    private int[] _ids;
    private bool _disposed;

    /// <summary>An empty list with room for <paramref name="capacity"/> ids.</summary>
    public SecretIds(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        _ids = GC.AllocateArray<int>(Math.Max(capacity, 16), pinned: true);
    }

    /// <summary>Takes the ids over and zeroes the array that they came in.</summary>
    public static SecretIds TakeFrom(int[] ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        SecretIds taken = new(0) { _ids = GC.AllocateArray<int>(ids.Length, pinned: true), Count = ids.Length };
        ids.CopyTo(taken._ids, 0);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(ids.AsSpan()));
        return taken;
    }

    /// <summary>How many ids it holds.</summary>
    public int Count { get; private set; }

    /// <summary>The ids.</summary>
    public ReadOnlySpan<int> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _ids.AsSpan(0, Count);
        }
    }

    /// <summary>The array behind. Exactly as long as <see cref="Count"/> after <see cref="TakeFrom"/>.</summary>
    internal int[] Backing => _ids;

    /// <summary>Appends one id.</summary>
    public void Append(int id)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Count == _ids.Length)
        {
            int[] larger = GC.AllocateArray<int>(checked(2 * _ids.Length), pinned: true);
            _ids.CopyTo(larger, 0);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_ids.AsSpan()));
            _ids = larger;
        }

        _ids[Count++] = id;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_ids.AsSpan()));
        Count = 0;
        _disposed = true;
    }
}
