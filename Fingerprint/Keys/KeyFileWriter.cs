using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Verathos.Fingerprint.Keys;

/// <summary>
/// Writes a validator's keys, sealed to their owner: the header, then records of name (2 bytes of length, UTF-8), length of what follows
/// (4 bytes, big-endian), nonce, ciphertext and tag. Matrices come one at a time and are not kept.
/// </summary>
public sealed class KeyFileWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly KeyFileSeal _seal;
    private readonly HashSet<string> _names = [];

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Stays open.</param>
    /// <param name="epoch">The epoch that the keys are for.</param>
    /// <param name="manifestRoot">32 bytes: what the weights were checked against.</param>
    /// <param name="profile">The numeric profile's identifier.</param>
    /// <param name="ownerSecret">32 bytes; not kept.</param>
    public KeyFileWriter(Stream stream, long epoch, ReadOnlyMemory<byte> manifestRoot, string profile, ReadOnlySpan<byte> ownerSecret)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Header = new KeyFileHeader(RandomNumberGenerator.GetBytes(KeyFileHeader.FileIdSize), epoch, manifestRoot.ToArray(), profile);
        _seal = new KeyFileSeal(ownerSecret, Header);
        _stream = stream;
        _stream.Write(Header.Encode());
    }

    /// <summary>The file's header.</summary>
    public KeyFileHeader Header { get; }

    /// <summary>Writes a matrix's key under its name.</summary>
    public void Write(MatrixKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        byte[] plain = GC.AllocateArray<byte>(checked((int)key.EncodedSize), pinned: true);
        key.Encode(plain);
        Write(key.Name, plain);
        CryptographicOperations.ZeroMemory(plain);
    }

    /// <summary>Writes any other record.</summary>
    /// <param name="name">Each once.</param>
    /// <param name="record">Sealed like the rest.</param>
    /// <exception cref="ArgumentException">The name was written before, or is none.</exception>
    public void Write(string name, ReadOnlySpan<byte> record)
    {
        ArgumentNullException.ThrowIfNull(name);
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        if (utf8.Length is 0 or > KeyFileReader.MaximumName || !_names.Add(name))
        {
            throw new ArgumentException($"a record cannot be named '{name}', or is already", nameof(name));
        }

        byte[] sealedRecord = _seal.Seal(name, record);
        byte[] head = new byte[sizeof(ushort) + utf8.Length + sizeof(int)];
        BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)utf8.Length);
        utf8.CopyTo(head, sizeof(ushort));
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(sizeof(ushort) + utf8.Length), sealedRecord.Length);
        _stream.Write(head);
        _stream.Write(sealedRecord);
    }

    /// <summary>Forgets the key that seals.</summary>
    public void Dispose() => _seal.Dispose();
}
