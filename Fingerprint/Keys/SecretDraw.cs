using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Fingerprint.Keys;

/// <summary>What a matrix's seed decides: AES-256 in counter mode, block (purpose, counter), both 8 bytes, big-endian.</summary>
internal sealed class SecretDraw : IDisposable
{
    private const int BlockSize = 16;
    private readonly Aes _aes = Aes.Create();
    private readonly long _purpose;
    private readonly byte[] _block = new byte[BlockSize];
    private long _counter;
    private int _used = BlockSize;

    public SecretDraw(ReadOnlySpan<byte> seed, long purpose)
    {
        _aes.SetKey(seed);
        _purpose = purpose;
    }

    /// <summary>The next two bytes, big-endian.</summary>
    public ushort NextUInt16()
    {
        Refill();
        _used += sizeof(ushort);
        return BinaryPrimitives.ReadUInt16BigEndian(_block.AsSpan(_used - sizeof(ushort)));
    }

    /// <summary>A number below a bound, each as likely: 64 bits at a time, those above the last whole multiple thrown away.</summary>
    public long NextBelow(long bound)
    {
        ulong limit = ulong.MaxValue - ((ulong.MaxValue % (ulong)bound) + 1) % (ulong)bound;
        while (true)
        {
            ulong value = 0;
            for (int i = 0; i < 4; i++)
            {
                value = (value << 16) | NextUInt16();
            }

            if (value <= limit)
            {
                return (long)(value % (ulong)bound);
            }
        }
    }

    /// <summary>Some of the numbers below a bound, ascending, each set as likely (Floyd's algorithm).</summary>
    public int[] Choose(int count, int bound)
    {
        SortedSet<int> chosen = [];
        for (int top = bound - count; top < bound; top++)
        {
            int candidate = (int)NextBelow(top + 1L);
            if (!chosen.Add(candidate))
            {
                chosen.Add(top);
            }
        }

        return [.. chosen];
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_block);
        _aes.Clear();
        _aes.Dispose();
    }

    private void Refill()
    {
        if (_used < BlockSize)
        {
            return;
        }

        BinaryPrimitives.WriteInt64BigEndian(_block, _purpose);
        BinaryPrimitives.WriteInt64BigEndian(_block.AsSpan(8), _counter++);
        _aes.EncryptEcb(_block, _block, PaddingMode.None);
        _used = 0;
    }
}
