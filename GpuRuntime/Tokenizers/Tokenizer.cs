using System.Text;
using Verathos.GpuRuntime.Chat;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>A model's vocabulary: text to token ids and back. Safe for use from several threads.</summary>
public sealed class Tokenizer
{
    private readonly TextEncoder _encoder;
    private readonly byte[][] _bytes;
    private readonly SpecialTokens _specials;
    private readonly bool _stripsFirstSpace;

    internal Tokenizer(TextEncoder encoder, TokenizerParts parts)
    {
        _encoder = encoder;
        _bytes = parts.TokenBytes;
        _specials = new SpecialTokens(parts.Specials);
        _stripsFirstSpace = parts.StripsFirstSpace;
        BosId = parts.BosId;
        BosName = parts.BosName;
        EosName = parts.EosName;
        AddsBos = parts.AddsBos && parts.BosId is not null;
    }

    /// <summary>Number of ids, special tokens included. A model may have rows beyond it; they have no text.</summary>
    public int VocabularySize => _bytes.Length;

    /// <summary>The token that begins a sequence, where the vocabulary has one.</summary>
    public int? BosId { get; }

    /// <summary>The name of the token that begins a sequence, as chat templates write it (bos_token).</summary>
    public string? BosName { get; }

    /// <summary>The name of the token that ends a sequence, as chat templates write it (eos_token).</summary>
    public string? EosName { get; }

    /// <summary>Whether a prompt begins with <see cref="BosId"/>.</summary>
    public bool AddsBos { get; }

    /// <summary>The id of a special token.</summary>
    public bool TryGetSpecial(string name, out int id) => _specials.TryGet(name, out id);

    /// <summary>Text to ids. The names of special tokens are ordinary text, and nothing is added.</summary>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        using WipedList<int> ids = new(text.Length);
        _encoder.Encode(text, first: true, ids);
        return ids.Span.ToArray();
    }

    /// <summary>Text to ids; the names of special tokens become those tokens, and <see cref="BosId"/> comes first where a prompt begins with it. For text of one's own only.</summary>
    public int[] EncodeWithSpecials(string text) => WithBos(EncodeSegments([new ChatSegment(text.AsMemory(), true)]));

    /// <summary>A completion's prompt to ids: <see cref="BosId"/> where the model wants it, then <see cref="Encode"/>.</summary>
    public int[] EncodePrompt(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        using WipedList<int> ids = new(text.Length + 1);
        if (AddsBos)
        {
            ids.Add(BosId!.Value);
        }

        _encoder.Encode(text, first: true, ids);
        return ids.Span.ToArray();
    }

    /// <summary>Ids to text; special tokens have none, and bytes that are not UTF-8 become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        TokenDecoder decoder = CreateDecoder();
        StringBuilder text = new();
        foreach (int id in ids)
        {
            text.Append(decoder.Append(id));
        }

        return text.Append(decoder.Flush()).ToString();
    }

    /// <summary>The bytes that a token stands for; none for a special token or an id outside the vocabulary.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)_bytes.Length ? _bytes[id] : default;

    /// <summary>Starts decoding ids one at a time; the pieces together equal <see cref="Decode"/>.</summary>
    public TokenDecoder CreateDecoder() => new(this, _stripsFirstSpace);

    /// <summary>Starts decoding ids that continue other text: a space that the first token begins with is kept.</summary>
    public TokenDecoder CreateContinuationDecoder() => new(this, stripSpace: false);

    /// <summary>
    /// Encodes a rendered conversation; adjacent pieces between special tokens are encoded as one text. Nothing is added: where a
    /// conversation begins with the BOS token, its template writes it.
    /// </summary>
    internal int[] EncodeSegments(IEnumerable<ChatSegment> segments)
    {
        using WipedList<int> ids = new(1024);
        using WipedList<char> run = new(4096);
        bool first = true;
        foreach (ChatSegment segment in segments)
        {
            ReadOnlySpan<char> text = segment.Text.Span;
            while (segment.FromTemplate && _specials.TryFindFirst(text, out int at, out int length, out int id))
            {
                run.AddRange(text[..at]);
                EncodeRun(run, ref first, ids);
                ids.Add(id);
                first = false;
                text = text[(at + length)..];
            }

            run.AddRange(text);
        }

        EncodeRun(run, ref first, ids);
        return ids.Span.ToArray();
    }

    private int[] WithBos(int[] ids)
    {
        if (!AddsBos || (ids.Length > 0 && ids[0] == BosId))
        {
            return ids;
        }

        int[] longer = [BosId!.Value, .. ids];
        Array.Clear(ids);
        return longer;
    }

    private void EncodeRun(WipedList<char> run, ref bool first, WipedList<int> ids)
    {
        if (run.Count > 0)
        {
            _encoder.Encode(run.Span, first, ids);
            run.Clear();
            first = false;
        }
    }
}
