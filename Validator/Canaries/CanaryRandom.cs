using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Validator.Canaries;

/// <summary>Draws that follow from a secret and what they are for: AES-256 in counter mode under HMAC-SHA256(secret, label and numbers). Who lacks the secret cannot tell them from chance.</summary>
internal sealed class CanaryRandom : IDisposable
{
    private const int BlockSize = 16;
    private const int BlocksAtOnce = 16;
    private readonly Aes _aes = Aes.Create();
    private readonly byte[] _buffer = new byte[BlockSize * BlocksAtOnce];
    private ulong _counter;
    private int _used;

    public CanaryRandom(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, params ReadOnlySpan<long> numbers)
    {
        byte[] message = new byte[label.Length + (8 * numbers.Length)];
        label.CopyTo(message);
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(message.AsSpan(label.Length + (8 * i)), numbers[i]);
        }

        Span<byte> key = stackalloc byte[32];
        HMACSHA256.HashData(secret, message, key);
        _aes.SetKey(key);
        CryptographicOperations.ZeroMemory(key);
        _used = _buffer.Length;
    }

    public ulong NextUInt64()
    {
        if (_used == _buffer.Length)
        {
            Span<byte> counters = stackalloc byte[_buffer.Length];
            counters.Clear();
            for (int i = 0; i < BlocksAtOnce; i++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(counters[((i * BlockSize) + 8)..], _counter++);
            }

            _aes.EncryptEcb(counters, _buffer, PaddingMode.None);
            _used = 0;
        }

        ulong value = BinaryPrimitives.ReadUInt64BigEndian(_buffer.AsSpan(_used));
        _used += 8;
        return value;
    }

    /// <summary>A number from 0 to below the bound, all as likely.</summary>
    public int Next(int bound)
    {
        ulong limit = ulong.MaxValue - (ulong.MaxValue % (ulong)bound);
        ulong value;
        do
        {
            value = NextUInt64();
        }
        while (value >= limit);

        return (int)(value % (ulong)bound);
    }

    /// <summary>A number from least to most, both included.</summary>
    public int Between(int least, int most) => least + Next(most - least + 1);

    /// <summary>True in so many of a hundred draws.</summary>
    public bool Percent(int percent) => Next(100) < percent;

    public T Pick<T>(IReadOnlyList<T> list) => list[Next(list.Count)];

    /// <summary>Picks a place by weights.</summary>
    public int Weighted(IReadOnlyList<int> weights)
    {
        int drawn = Next(weights.Sum());
        int at = 0;
        while (drawn >= weights[at])
        {
            drawn -= weights[at++];
        }

        return at;
    }

    /// <summary>From 0 to below 1, in steps of 2^-53.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A value of a log-normal distribution.</summary>
    /// <param name="median">Its median.</param>
    /// <param name="sigma">The standard deviation of its logarithm.</param>
    public double LogNormal(double median, double sigma) =>
        median * Math.Exp(sigma * Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble()));

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_buffer);
        _aes.Dispose();
    }
}
