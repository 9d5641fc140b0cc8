using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Enclave.OpenAi;

/// <summary>Writes a token's log-probabilities in the shape of either of OpenAI's interfaces.</summary>
internal sealed class LogProbabilityWriter(ApiEndpoint endpoint, Tokenizer tokenizer)
{
    private const decimal Million = 1_000_000m;
    private int _offset;

    /// <summary>Writes the value of <c>logprobs</c>; null where the token has no text, as the one that ends an answer.</summary>
    /// <param name="json">Takes it.</param>
    /// <param name="tokens">The token and then the likeliest ones.</param>
    /// <param name="characters">Characters that the token completes.</param>
    public void Write(Utf8JsonWriter json, ReadOnlySpan<TokenLogProbability> tokens, int characters)
    {
        if (tokens.IsEmpty || tokenizer.TokenBytes(tokens[0].Id).IsEmpty)
        {
            json.WriteNullValue();
        }
        else if (endpoint == ApiEndpoint.ChatCompletions)
        {
            WriteChat(json, tokens);
        }
        else
        {
            WriteCompletion(json, tokens);
        }

        _offset += characters;
    }

    private void WriteChat(Utf8JsonWriter json, ReadOnlySpan<TokenLogProbability> tokens)
    {
        json.WriteStartObject();
        json.WriteStartArray("content"u8);
        json.WriteStartObject();
        WriteToken(json, tokens[0]);
        json.WriteStartArray("top_logprobs"u8);
        foreach (TokenLogProbability token in tokens[1..])
        {
            json.WriteStartObject();
            WriteToken(json, token);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteNull("refusal"u8);
        json.WriteEndObject();
    }

    private void WriteToken(Utf8JsonWriter json, TokenLogProbability token)
    {
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(token.Id);
        using Characters text = new(bytes, escape: false);
        json.WriteString("token"u8, text.Span);
        json.WriteNumber("logprob"u8, token.Micro / Million);
        json.WriteStartArray("bytes"u8);
        foreach (byte value in bytes)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    private void WriteCompletion(Utf8JsonWriter json, ReadOnlySpan<TokenLogProbability> tokens)
    {
        json.WriteStartObject();
        json.WriteStartArray("tokens"u8);
        using (Characters text = new(tokenizer.TokenBytes(tokens[0].Id), escape: true))
        {
            json.WriteStringValue(text.Span);
        }

        json.WriteEndArray();
        json.WriteStartArray("token_logprobs"u8);
        json.WriteNumberValue(tokens[0].Micro / Million);
        json.WriteEndArray();
        json.WriteStartArray("top_logprobs"u8);
        json.WriteStartObject();
        for (int i = 1; i < tokens.Length; i++)
        {
            // Two ids may stand for the same bytes, and a name may appear once: the likelier one keeps it.
            ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(tokens[i].Id);
            if (!IsNamed(tokens[1..i], bytes))
            {
                using Characters text = new(bytes, escape: true);
                json.WriteNumber(text.Span, tokens[i].Micro / Million);
            }
        }

        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("text_offset"u8);
        json.WriteNumberValue(_offset);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private bool IsNamed(ReadOnlySpan<TokenLogProbability> before, ReadOnlySpan<byte> bytes)
    {
        foreach (TokenLogProbability token in before)
        {
            if (tokenizer.TokenBytes(token.Id).SequenceEqual(bytes))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A token's characters, wiped at the end. Bytes that are no whole characters become U+FFFD, or are spelled out where the text is a name.</summary>
    private readonly ref struct Characters
    {
        private readonly char[] _characters;
        private readonly int _length;

        public Characters(ReadOnlySpan<byte> bytes, bool escape)
        {
            const string prefix = "bytes:";
            _characters = GC.AllocateArray<char>(prefix.Length + (4 * bytes.Length), pinned: true);
            if (!escape || Utf8.IsValid(bytes))
            {
                _length = Encoding.UTF8.GetChars(bytes, _characters);
                return;
            }

            prefix.CopyTo(_characters);
            _length = prefix.Length;
            foreach (byte value in bytes)
            {
                "\\x".CopyTo(_characters.AsSpan(_length));
                value.TryFormat(_characters.AsSpan(_length + 2), out _, "x2", CultureInfo.InvariantCulture);
                _length += 4;
            }
        }

        public ReadOnlySpan<char> Span => _characters.AsSpan(0, _length);

        public void Dispose() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_characters.AsSpan()));
    }
}
