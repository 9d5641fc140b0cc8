using System.Text;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Decodes token ids as they come and gives out whole characters only.</summary>
public sealed class TokenDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly Decoder _decoder = new UTF8Encoding(false).GetDecoder();
    private bool _stripSpace;

    internal TokenDecoder(Tokenizer tokenizer, bool stripSpace) => (_tokenizer, _stripSpace) = (tokenizer, stripSpace);

    /// <summary>The characters that this token completes; empty while one is unfinished.</summary>
    public string Append(int id)
    {
        ReadOnlySpan<byte> bytes = _tokenizer.TokenBytes(id);
        if (_stripSpace && !bytes.IsEmpty)
        {
            bytes = bytes[0] == ' ' ? bytes[1..] : bytes;
            _stripSpace = false;
        }

        return Decode(bytes, flush: false);
    }

    /// <summary>Ends the text: U+FFFD for a character that stayed unfinished, else nothing.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> characters = stackalloc char[256];
        if (_decoder.GetCharCount(bytes, flush) > characters.Length)
        {
            characters = new char[_decoder.GetCharCount(bytes, flush)];
        }

        return new string(characters[.._decoder.GetChars(bytes, characters, flush)]);
    }
}
