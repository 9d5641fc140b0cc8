using System.Numerics;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Which two neighbouring tokens merge, at which rank and into which: a fixed open-addressing table.</summary>
internal sealed class MergeTable
{
    private const ulong Empty = ulong.MaxValue;
    private readonly ulong[] _keys;
    private readonly (int Rank, int Id)[] _values;
    private readonly int _shift;

    /// <summary>Makes the table of merges in the order of their ranks.</summary>
    /// <param name="merges">Names of the left and the right token, the lowest rank first.</param>
    /// <param name="ids">Ids by name.</param>
    /// <param name="firstCounts">Which rank a pair that is given twice keeps.</param>
    /// <exception cref="ModelFormatException">A merge names a token that the vocabulary lacks.</exception>
    public MergeTable(IReadOnlyList<(string Left, string Right)> merges, IReadOnlyDictionary<string, int> ids, bool firstCounts)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, merges.Count * 2));
        _shift = 64 - BitOperations.Log2((uint)size);
        _keys = new ulong[size];
        _values = new (int Rank, int Id)[size];
        Array.Fill(_keys, Empty);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (string left, string right) = merges[rank];
            ulong key = Key(Id(left), Id(right));
            int place = Place(key);
            if (_keys[place] == Empty || !firstCounts)
            {
                (_keys[place], _values[place]) = (key, (rank, Id(left + right)));
            }
        }

        int Id(string token) => ids.TryGetValue(token, out int id) ? id : throw new ModelFormatException($"the vocabulary merges to or from {token}, which is no token");
    }

    /// <summary>Whether two tokens merge. An id below zero merges with nothing.</summary>
    public bool TryFind(int left, int right, out int rank, out int id)
    {
        int place = Place(Key(left, right));
        (rank, id) = _values[place];
        return left >= 0 && right >= 0 && _keys[place] != Empty;
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private int Place(ulong key)
    {
        int place = (int)((key * 0x9e3779b97f4a7c15) >> _shift);
        while (_keys[place] != key && _keys[place] != Empty)
        {
            place = (place + 1) & (_keys.Length - 1);
        }

        return place;
    }
}
