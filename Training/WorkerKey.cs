using System.Diagnostics.CodeAnalysis;

namespace Verathos.Training;

/// <summary>
/// The 32 bytes by which a worker is known for as long as it trains: a hotkey, or the SHA-256 of a public key. Its enclave's signing
/// keys come and go under it. Everything that is summed or listed is put in the order of these bytes, so that no result depends on who
/// came first.
/// </summary>
public readonly struct WorkerKey : IEquatable<WorkerKey>, IComparable<WorkerKey>
{
    /// <summary>Bytes of a key.</summary>
    public const int Length = 32;

    private readonly byte[]? _bytes;

    /// <summary>Copies a key.</summary>
    /// <param name="bytes">32 bytes.</param>
    /// <exception cref="ArgumentException">Another number of bytes.</exception>
    public WorkerKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
        {
            throw new ArgumentException($"a worker's key has {Length} bytes", nameof(bytes));
        }

        _bytes = bytes.ToArray();
    }

    /// <summary>32 bytes; all zero for the default.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes ?? Zero;

    private static readonly byte[] Zero = new byte[Length];

    /// <inheritdoc/>
    public int CompareTo(WorkerKey other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <inheritdoc/>
    public bool Equals(WorkerKey other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is WorkerKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(Bytes);

    /// <summary>64 lower-case hex digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes);

    /// <summary>Equality.</summary>
    public static bool operator ==(WorkerKey left, WorkerKey right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(WorkerKey left, WorkerKey right) => !left.Equals(right);

    /// <summary>The order of the bytes.</summary>
    public static bool operator <(WorkerKey left, WorkerKey right) => left.CompareTo(right) < 0;

    /// <summary>The order of the bytes.</summary>
    public static bool operator >(WorkerKey left, WorkerKey right) => left.CompareTo(right) > 0;

    /// <summary>The order of the bytes.</summary>
    public static bool operator <=(WorkerKey left, WorkerKey right) => left.CompareTo(right) <= 0;

    /// <summary>The order of the bytes.</summary>
    public static bool operator >=(WorkerKey left, WorkerKey right) => left.CompareTo(right) >= 0;
}
