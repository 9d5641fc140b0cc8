namespace Verathos.Fingerprint.Constraints;

/// <summary>A vocabulary's texts in order of their bytes, so that tokens with a common beginning are looked at once. Made once a vocabulary; safe for use from several threads.</summary>
public sealed class TokenIndex
{
    private readonly byte[][] _bytes;

    /// <summary>Orders a vocabulary.</summary>
    /// <param name="vocabularySize">How many ids a model's logits have.</param>
    /// <param name="bytes">The bytes that an id stands for; none for a special token.</param>
    public TokenIndex(int vocabularySize, Func<int, byte[]> bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        VocabularySize = vocabularySize;
        (int Id, byte[] Bytes)[] tokens = [.. Enumerable.Range(0, vocabularySize).Select(id => (id, bytes(id))).Where(static token => token.Item2.Length > 0)];
        Array.Sort(tokens, static (a, b) => a.Bytes.AsSpan().SequenceCompareTo(b.Bytes) is var order && order != 0 ? order : a.Id - b.Id);
        Ids = [.. tokens.Select(static token => token.Id)];
        _bytes = [.. tokens.Select(static token => token.Bytes)];
        Common = new int[tokens.Length];
        for (int i = 1; i < tokens.Length; i++)
        {
            Common[i] = _bytes[i - 1].AsSpan().CommonPrefixLength(_bytes[i]);
        }

        LongestToken = tokens.Length == 0 ? 0 : tokens.Max(static token => token.Bytes.Length);
        ById = new int[vocabularySize];
        Array.Fill(ById, -1);
        for (int i = 0; i < Ids.Length; i++)
        {
            ById[Ids[i]] = i;
        }
    }

    /// <summary>How many ids a model's logits have.</summary>
    public int VocabularySize { get; }

    internal int[] Ids { get; }

    /// <summary>How many bytes each has in common with the one before.</summary>
    internal int[] Common { get; }

    internal int LongestToken { get; }

    private int[] ById { get; }

    internal ReadOnlySpan<byte> At(int place) => _bytes[place];

    internal ReadOnlySpan<byte> Of(int id) => ById[id] < 0 ? default : _bytes[ById[id]];
}
