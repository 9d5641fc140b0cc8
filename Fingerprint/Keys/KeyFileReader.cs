using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Verathos.Fingerprint.Keys;

/// <summary>Reads single records of a validator's key file. The names are read when it is opened; a record is, when it is asked for.</summary>
public sealed class KeyFileReader : IDisposable
{
    /// <summary>Bytes of the longest name.</summary>
    internal const int MaximumName = 256;

    private static readonly UTF8Encoding s_strictUtf8 = new(false, true);
    private readonly Stream _stream;
    private readonly KeyFileSeal _seal;
    private readonly Dictionary<string, (long Offset, int Length)> _records;

    private KeyFileReader(Stream stream, KeyFileHeader header, KeyFileSeal seal, Dictionary<string, (long Offset, int Length)> records) =>
        (_stream, Header, _seal, _records) = (stream, header, seal, records);

    /// <summary>The file's header.</summary>
    public KeyFileHeader Header { get; }

    /// <summary>The records' names.</summary>
    public IReadOnlyCollection<string> Names => _records.Keys;

    /// <summary>Opens a file. Nothing of it is believed before a record opens.</summary>
    /// <param name="stream">Seekable, at its beginning; disposed with the reader.</param>
    /// <param name="ownerSecret">32 bytes; not kept.</param>
    /// <param name="reader">The reader, which the caller disposes.</param>
    /// <param name="error">Why there is none.</param>
    public static bool TryOpen(Stream stream, ReadOnlySpan<byte> ownerSecret, [NotNullWhen(true)] out KeyFileReader? reader, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(stream);
        reader = null;
        if (!KeyFileHeader.TryRead(stream, out KeyFileHeader? header))
        {
            error = "this is no key file of version 1";
            return false;
        }

        Dictionary<string, (long Offset, int Length)> records = [];
        byte[] number = new byte[sizeof(int)];
        while (stream.Position < stream.Length)
        {
            if (!Fill(stream, number.AsSpan(0, sizeof(ushort))) || BinaryPrimitives.ReadUInt16BigEndian(number) is 0 or > MaximumName)
            {
                error = "a record's name is cut or too long";
                return false;
            }

            byte[] name = new byte[BinaryPrimitives.ReadUInt16BigEndian(number)];
            if (!Fill(stream, name) || !Fill(stream, number) || !TryDecode(name, out string? text))
            {
                error = "a record is cut or its name is not UTF-8";
                return false;
            }

            int length = BinaryPrimitives.ReadInt32BigEndian(number);
            if (length < KeyFileSeal.NonceSize + KeyFileSeal.TagSize || length > stream.Length - stream.Position || !records.TryAdd(text, (stream.Position, length)))
            {
                error = $"the record '{text}' is cut or is there twice";
                return false;
            }

            stream.Position += length;
        }

        reader = new KeyFileReader(stream, header, new KeyFileSeal(ownerSecret, header), records);
        error = null;
        return true;
    }

    /// <summary>Opens one record.</summary>
    /// <param name="name">The record's name.</param>
    /// <param name="record">The caller overwrites it.</param>
    /// <returns>False where it is not there, was changed, stood under another name or header, or was sealed to somebody else.</returns>
    public bool TryRead(string name, [NotNullWhen(true)] out byte[]? record)
    {
        ArgumentNullException.ThrowIfNull(name);
        record = null;
        if (!_records.TryGetValue(name, out (long Offset, int Length) place))
        {
            return false;
        }

        byte[] sealedRecord = new byte[place.Length];
        _stream.Position = place.Offset;
        byte[] plain = GC.AllocateArray<byte>(place.Length - KeyFileSeal.NonceSize - KeyFileSeal.TagSize, pinned: true);
        if (!Fill(_stream, sealedRecord) || !_seal.TryOpen(name, sealedRecord, plain))
        {
            return false;
        }

        record = plain;
        return true;
    }

    /// <summary>Opens a matrix's key.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="key">The key, which the caller disposes.</param>
    public bool TryReadMatrix(string name, [NotNullWhen(true)] out MatrixKey? key)
    {
        key = null;
        if (!TryRead(name, out byte[]? record))
        {
            return false;
        }

        bool read = MatrixKey.TryDecode(name, record, out key);
        CryptographicOperations.ZeroMemory(record);
        return read;
    }

    /// <summary>Forgets the key that opens, and closes the file.</summary>
    public void Dispose()
    {
        _seal.Dispose();
        _stream.Dispose();
    }

    private static bool Fill(Stream stream, Span<byte> buffer) => stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) == buffer.Length;

    private static bool TryDecode(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = s_strictUtf8.GetString(utf8);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = null;
            return false;
        }
    }
}
