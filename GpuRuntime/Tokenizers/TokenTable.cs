using System.Buffers.Binary;
using System.Numerics;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Finds a token by its bytes, without making a key of them.</summary>
internal sealed class TokenTable
{
    private readonly byte[][] _tokens;
    private readonly int[] _ids;

    /// <summary>Makes a table of every token for which a condition holds and which has bytes.</summary>
    public TokenTable(byte[][] tokens, Func<int, bool> holds)
    {
        _tokens = tokens;
        _ids = new int[BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, tokens.Length * 2))];
        Array.Fill(_ids, -1);
        for (int id = 0; id < tokens.Length; id++)
        {
            if (tokens[id].Length > 0 && holds(id))
            {
                int place = Place(tokens[id]);
                _ids[place] = _ids[place] < 0 ? id : _ids[place];
            }
        }
    }

    /// <summary>The id of a token, or -1.</summary>
    public int Find(ReadOnlySpan<byte> bytes) => _ids[Place(bytes)];

    private int Place(ReadOnlySpan<byte> bytes)
    {
        ulong hash = (ulong)bytes.Length;
        ReadOnlySpan<byte> left = bytes;
        for (; left.Length >= 8; left = left[8..])
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(left));
        }

        foreach (byte value in left)
        {
            hash = (hash * 257) + value;
        }

        int place = (int)(Mix(hash) & (ulong)(_ids.Length - 1));
        while (_ids[place] >= 0 && !bytes.SequenceEqual(_tokens[_ids[place]]))
        {
            place = (place + 1) & (_ids.Length - 1);
        }

        return place;
    }

    private static ulong Mix(ulong value)
    {
        value *= 0x9e3779b97f4a7c15;
        return value ^ (value >> 32);
    }
}
