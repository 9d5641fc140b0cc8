using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Fingerprint.Openings;

/// <summary>
/// Uniform numbers that neither side can choose: 64 bits each, big-endian, from HMAC-SHA256(audit secret, "verathos.opening.v1" ||
/// receipt's digest || the opening's number, 4 bytes || a counter, 4 bytes), both big-endian.
/// </summary>
internal sealed class OpeningDraw
{
    private readonly byte[] _key;
    private readonly byte[] _message;
    private readonly byte[] _block = new byte[32];
    private int _used = 32;
    private int _counter;

    public OpeningDraw(ReadOnlySpan<byte> auditSecret, ReadOnlySpan<byte> receiptDigest, int number)
    {
        _key = auditSecret.ToArray();
        _message = [.. "verathos.opening.v1"u8, .. receiptDigest, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(_message.AsSpan(_message.Length - 8), number);
    }

    public long NextBelow(long bound)
    {
        // Numbers above the last whole multiple of the bound are thrown away, so that none is likelier.
        ulong above = ((ulong.MaxValue % (ulong)bound) + 1) % (ulong)bound;
        while (true)
        {
            if (_used == _block.Length)
            {
                BinaryPrimitives.WriteInt32BigEndian(_message.AsSpan(_message.Length - 4), _counter++);
                HMACSHA256.HashData(_key, _message, _block);
                _used = 0;
            }

            ulong value = BinaryPrimitives.ReadUInt64BigEndian(_block.AsSpan(_used));
            _used += sizeof(ulong);
            if (value <= ulong.MaxValue - above)
            {
                return (long)(value % (ulong)bound);
            }
        }
    }
}
