using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace Verathos.Fingerprint.Sketches;

/// <summary>
/// The random projection of a chunk's residual streams at one depth: coordinate c is the sum over all elements, token after token,
/// of the element under a sign, in binary32 and in that order. Bit c of element i's word says whether it is taken negatively; the
/// words are those of AES-256 in counter mode, four a block, big-endian: block (depth, chunk, counter), of 4, 4 and 8 bytes, big-endian.
/// </summary>
public sealed class SketchBuilder : IDisposable
{
    private const int Buffered = 256;
    private readonly Aes _aes = Aes.Create();
    private readonly int _depth;
    private readonly int _chunk;
    private readonly byte[] _words = new byte[Buffered * sizeof(uint)];
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

        _aes.SetKey(seed);
        (_depth, _chunk) = (depth, chunk);
    }

    /// <summary>Elements so far.</summary>
    public long Elements { get; private set; }

    /// <summary>Adds a token's stream.</summary>
    /// <param name="stream">bfloat16 held as binary32.</param>
    public void Add(ReadOnlySpan<float> stream)
    {
        Vector256<float> s0 = Vector256.Create<float>(_sums), s1 = Vector256.Create<float>(_sums.AsSpan(8));
        Vector256<float> s2 = Vector256.Create<float>(_sums.AsSpan(16)), s3 = Vector256.Create<float>(_sums.AsSpan(24));
        Vector256<int> bits = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128);
        foreach (float element in stream)
        {
            Vector256<int> word = Vector256.Create(NextWord());
            Vector256<float> value = Vector256.Create(element);
            s0 += Signed(value, word, bits);
            s1 += Signed(value, word, bits << 8);
            s2 += Signed(value, word, bits << 16);
            s3 += Signed(value, word, bits << 24);
        }

        Elements += stream.Length;
        s0.CopyTo(_sums);
        s1.CopyTo(_sums, 8);
        s2.CopyTo(_sums, 16);
        s3.CopyTo(_sums, 24);
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

    /// <summary>Overwrites the sums.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_sums.AsSpan()));
        CryptographicOperations.ZeroMemory(_words);
        _aes.Clear();
        _aes.Dispose();
    }

    // A set bit turns the sign.
    private static Vector256<float> Signed(Vector256<float> value, Vector256<int> word, Vector256<int> bits) =>
        value ^ Vector256.AndNot(Vector256.Create(-0f), Vector256.Equals(word & bits, Vector256<int>.Zero).AsSingle());

    private int NextWord()
    {
        if (_next == Buffered)
        {
            for (int at = 0; at < _words.Length; at += 16)
            {
                BinaryPrimitives.WriteInt32BigEndian(_words.AsSpan(at), _depth);
                BinaryPrimitives.WriteInt32BigEndian(_words.AsSpan(at + 4), _chunk);
                BinaryPrimitives.WriteInt64BigEndian(_words.AsSpan(at + 8), _block++);
            }

            _aes.EncryptEcb(_words, _words, PaddingMode.None);
            _next = 0;
        }

        return BinaryPrimitives.ReadInt32BigEndian(_words.AsSpan(_next++ * sizeof(int)));
    }
}
