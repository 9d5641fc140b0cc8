namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>GPT-2's alphabet: one printable character for each byte (https://github.com/openai/gpt-2/blob/master/src/encoder.py).</summary>
internal static class ByteLevelAlphabet
{
    private static readonly Dictionary<char, byte> ByCharacter = Make();

    /// <summary>The bytes of a token's text; false where a character is outside the alphabet.</summary>
    public static bool TryGetBytes(string token, out byte[] bytes)
    {
        bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!ByCharacter.TryGetValue(token[i], out bytes[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static Dictionary<char, byte> Make()
    {
        Dictionary<char, byte> map = [];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or (>= 0xae and <= 0xff);
            map[(char)(printable ? value : next++)] = (byte)value;
        }

        return map;
    }
}
