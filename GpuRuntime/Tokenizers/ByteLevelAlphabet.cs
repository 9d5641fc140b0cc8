namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>GPT-2's alphabet: one printable character for each byte (https://github.com/openai/gpt-2/blob/master/src/encoder.py).</summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] ByByte = Make();
    private static readonly Dictionary<char, byte> ByCharacter = Enumerable.Range(0, 256).ToDictionary(static b => ByByte[b], static b => (byte)b);

    /// <summary>The character of a byte.</summary>
    public static char Character(byte value) => ByByte[value];

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

    private static char[] Make()
    {
        char[] characters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or (>= 0xae and <= 0xff);
            characters[value] = (char)(printable ? value : next++);
        }

        return characters;
    }
}
