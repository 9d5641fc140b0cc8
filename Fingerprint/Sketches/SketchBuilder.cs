using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using Aes = System.Security.Cryptography.Aes;

namespace Verathos.Fingerprint.Sketches;

/// <summary>
/// The random projection of a chunk's residual streams at one depth: coordinate c is the sum over all elements, token after token,
/// of the element under a sign, in binary32 and in that order. Bit c of element i's word says whether it is taken negatively; the
/// words are those of AES-256 in counter mode, four a block, big-endian: block (depth, chunk, counter), of 4, 4 and 8 bytes, big-endian.
/// </summary>
public sealed class SketchBuilder : IDisposable
{
    private const int BlockSize = 16;
    private const int Buffered = 2048;
    private const int Widened = 256;
    private readonly ICryptoTransform _cipher;
    private readonly byte[] _counters = new byte[Buffered * sizeof(uint)];
    private readonly byte[] _blocks = GC.AllocateArray<byte>(Buffered * sizeof(uint), pinned: true);
    private readonly uint[] _words = GC.AllocateArray<uint>(Buffered, pinned: true);
    private readonly float[] _sums = GC.AllocateArray<float>(SketchPlan.Coordinates, pinned: true);
    private long _block;
    private int _next = Buffered;

    /// <summary>An empty chunk.</summary>
    /// <param name="seed">32 bytes, from <see cref="SketchPlan.DeriveSeed"/>.</param>
    /// <param name="depth">Layers before the streams that are added.</param>
    /// <param name="chunk">The chunk's number, from 0 for the prompt.</param>
    public SketchBuilder(ReadOnlySpan<byte> seed, int depth, int chunk)
    {
        if (seed.Length != SketchPlan.SeedSize)
        {
            throw new ArgumentException("a sketch's seed has 32 bytes", nameof(seed));
        }

        _cipher = Counter(seed);
        for (int at = 0; at < _counters.Length; at += BlockSize)
        {
            BinaryPrimitives.WriteInt32BigEndian(_counters.AsSpan(at), depth);
        }

        Restart(chunk);
    }

    /// <summary>Elements so far.</summary>
    public long Elements { get; private set; }

    /// <summary>Adds a token's stream.</summary>
    /// <param name="stream">bfloat16 held as binary32.</param>
    public void Add(ReadOnlySpan<float> stream)
    {
        Elements += stream.Length;
        while (!stream.IsEmpty)
        {
            Refill();
            int some = Math.Min(stream.Length, Buffered - _next);
            Accumulate(stream[..some]);
            stream = stream[some..];
        }
    }

    /// <summary>Adds a token's stream.</summary>
    /// <param name="stream">bfloat16.</param>
    public void Add(ReadOnlySpan<ushort> stream)
    {
        Span<float> values = stackalloc float[Widened];
        Elements += stream.Length;
        while (!stream.IsEmpty)
        {
            Refill();
            int some = Math.Min(Math.Min(stream.Length, Buffered - _next), Widened);
            Numerics.BFloat16.ToSingle(stream[..some], values[..some]);
            Accumulate(values[..some]);
            stream = stream[some..];
        }

        values.Clear();
    }

    /// <summary>Writes the sketch of what was added.</summary>
    /// <param name="destination">128 bytes.</param>
    public void Write(Span<byte> destination)
    {
        for (int i = 0; i < SketchPlan.Coordinates; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(destination[(i * sizeof(float))..], _sums[i]);
        }
    }

    /// <summary>Forgets what was added and begins another chunk.</summary>
    /// <param name="chunk">The chunk's number.</param>
    public void Restart(int chunk)
    {
        for (int at = 0; at < _counters.Length; at += BlockSize)
        {
            BinaryPrimitives.WriteInt32BigEndian(_counters.AsSpan(at + 4), chunk);
        }

        Array.Clear(_sums);
        (_block, _next, Elements) = (0, Buffered, 0);
    }

    /// <summary>Overwrites the sums.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_sums.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_words.AsSpan()));
        CryptographicOperations.ZeroMemory(_blocks);
        _cipher.Dispose();
    }

    /// <summary>Adds elements, one for each of the next words. A set bit turns the sign: it is shifted to the sign's place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Accumulate(ReadOnlySpan<float> elements)
    {
        ReadOnlySpan<uint> words = _words.AsSpan(_next, elements.Length);
        _next += elements.Length;
        if (Avx512F.IsSupported)
        {
            Vector512<uint> sign = Vector512.Create(0x80000000u);
            Vector512<uint> first = Vector512.Create(31u, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16);
            Vector512<uint> second = first - Vector512.Create(16u);
            Vector512<float> s0 = Vector512.Create<float>(_sums), s1 = Vector512.Create<float>(_sums.AsSpan(16));
            for (int i = 0; i < elements.Length; i++)
            {
                Vector512<uint> word = Vector512.Create(words[i]);
                Vector512<uint> value = Vector512.Create(elements[i]).AsUInt32();
                s0 += Avx512F.TernaryLogic(value, Avx512F.ShiftLeftLogicalVariable(word, first), sign, 0x78).AsSingle();
                s1 += Avx512F.TernaryLogic(value, Avx512F.ShiftLeftLogicalVariable(word, second), sign, 0x78).AsSingle();
            }

            s0.CopyTo(_sums);
            s1.CopyTo(_sums, 16);
            return;
        }

        if (Avx2.IsSupported)
        {
            Vector256<uint> counts = Vector256.Create(31u, 30, 29, 28, 27, 26, 25, 24), eight = Vector256.Create(8u);
            Vector256<uint> c1 = counts - eight, c2 = c1 - eight, c3 = c2 - eight;
            Vector256<float> s0 = Vector256.Create<float>(_sums), s1 = Vector256.Create<float>(_sums.AsSpan(8));
            Vector256<float> s2 = Vector256.Create<float>(_sums.AsSpan(16)), s3 = Vector256.Create<float>(_sums.AsSpan(24));
            for (int i = 0; i < elements.Length; i++)
            {
                Vector256<uint> word = Vector256.Create(words[i]);
                Vector256<uint> value = Vector256.Create(elements[i]).AsUInt32();
                s0 += Signed(value, Avx2.ShiftLeftLogicalVariable(word, counts));
                s1 += Signed(value, Avx2.ShiftLeftLogicalVariable(word, c1));
                s2 += Signed(value, Avx2.ShiftLeftLogicalVariable(word, c2));
                s3 += Signed(value, Avx2.ShiftLeftLogicalVariable(word, c3));
            }

            s0.CopyTo(_sums);
            s1.CopyTo(_sums, 8);
            s2.CopyTo(_sums, 16);
            s3.CopyTo(_sums, 24);
            return;
        }

        for (int i = 0; i < elements.Length; i++)
        {
            for (int c = 0; c < _sums.Length; c++)
            {
                _sums[c] += BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(elements[i]) ^ (words[i] >> c << 31));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Signed(Vector256<uint> value, Vector256<uint> word) => (value ^ (word & Vector256.Create(0x80000000u))).AsSingle();

    /// <summary>Makes words where none are left.</summary>
    private void Refill()
    {
        if (_next < Buffered)
        {
            return;
        }

        for (int at = 8; at < _counters.Length; at += BlockSize)
        {
            BinaryPrimitives.WriteInt64BigEndian(_counters.AsSpan(at), _block++);
        }

        _cipher.TransformBlock(_counters, 0, _counters.Length, _blocks, 0);
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(_blocks);
        if (BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(words, _words);
        }
        else
        {
            words.CopyTo(_words);
        }

        _next = 0;
    }

    // One cipher for the chunk: making one costs as much as a token's signs. Each block is another counter, so that no two are equal.
    private static ICryptoTransform Counter(ReadOnlySpan<byte> seed)
    {
        using Aes aes = Aes.Create();
        aes.Mode = CipherMode.ECB;
        aes.Padding = PaddingMode.None;
        aes.SetKey(seed);
        return aes.CreateEncryptor();
    }
}
