namespace Verathos.Protocol.Cbor;

/// <summary>The pairs of a map, added in any order and written in bytewise order of the encoded keys (RFC 8949 section 4.2.1).</summary>
public sealed class DeterministicCborMap
{
    private readonly SortedDictionary<byte[], byte[]> pairs = new(Comparer<byte[]>.Create(
        static (left, right) => left.AsSpan().SequenceCompareTo(right)));

    /// <summary>Adds a pair with an integer key; throws if the key is there already.</summary>
    public DeterministicCborMap Add(long key, Action<DeterministicCborWriter> value) => Add(Key(writer => writer.Int64(key)), value);

    /// <summary>Adds a pair with a text key; throws if the key is there already.</summary>
    public DeterministicCborMap Add(string key, Action<DeterministicCborWriter> value) => Add(Key(writer => writer.Text(key)), value);

    /// <summary>Adds an unsigned integer.</summary>
    public DeterministicCborMap Add(long key, ulong value) => Add(key, writer => writer.UInt64(value));

    /// <summary>Adds a byte string.</summary>
    public DeterministicCborMap Add(long key, byte[] value) => Add(key, writer => writer.Bytes(value));

    /// <summary>Adds a text string.</summary>
    public DeterministicCborMap Add(long key, string value) => Add(key, writer => writer.Text(value));

    /// <summary>Adds a text string under a text key.</summary>
    public DeterministicCborMap Add(string key, string value) => Add(key, writer => writer.Text(value));

    /// <summary>Adds an unsigned integer under a text key.</summary>
    public DeterministicCborMap Add(string key, ulong value) => Add(key, writer => writer.UInt64(value));

    /// <summary>The map, encoded.</summary>
    public byte[] Encode()
    {
        DeterministicCborWriter writer = new();
        WriteTo(writer);
        return writer.ToArray();
    }

    internal void WriteTo(DeterministicCborWriter writer)
    {
        writer.Head(5, (ulong)pairs.Count);
        foreach ((byte[] key, byte[] value) in pairs)
        {
            writer.Encoded(key).Encoded(value);
        }
    }

    private static byte[] Key(Action<DeterministicCborWriter> write)
    {
        DeterministicCborWriter writer = new();
        write(writer);
        return writer.ToArray();
    }

    private DeterministicCborMap Add(byte[] key, Action<DeterministicCborWriter> value)
    {
        DeterministicCborWriter writer = new();
        value(writer);
        pairs.Add(key, writer.ToArray());
        return this;
    }
}
