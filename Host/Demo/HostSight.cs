using System.Globalization;
using System.Text;
using Verathos.Client.Streams;

namespace Verathos.Host.Demo;

/// <summary>What the host had in its hands during one exchange.</summary>
/// <param name="Request">The request's bytes.</param>
/// <param name="Response">The answer's bytes.</param>
/// <param name="ResponseChunks">The pieces in which the answer passed.</param>
/// <param name="OnlyCiphertext">Whether neither prompt nor answer can be found in those bytes.</param>
internal sealed record HostSight(byte[] Request, byte[] Response, int ResponseChunks, bool OnlyCiphertext)
{
    private const int Shown = 24;

    // A piece of text this long occurs in random bytes about once in 2^96 places.
    private const int Needle = 12;

    // Shorter texts occur in ciphertext by chance too often to be looked for.
    private const int Shortest = 6;

    public int RequestBytes => Request.Length;

    public int ResponseBytes => Response.Length;

    public static HostSight Of(HostView host, string prompt, Answer answer)
    {
        byte[] request = host.Request;
        byte[] response = [.. host.Response.SelectMany(piece => piece)];
        bool hidden = !Holds(request, prompt) && !Holds(response, prompt) && !Holds(response, answer.Text) && !Holds(request, answer.Text);
        return new HostSight(request, response, host.Response.Count, hidden);
    }

    public IEnumerable<IReadOnlyList<string>> Rows(string prompt, Answer answer) =>
    [
        ["request", prompt, $"{RequestBytes} bytes: {Hex(Request)}"],
        ["answer", Short(answer.Text), $"{ResponseBytes} bytes in {ResponseChunks} pieces: {Hex(Response)}"],
        ["tokens", string.Create(CultureInfo.InvariantCulture, $"{answer.PromptIds.Count} in the prompt, {answer.OutputIds.Count} in the answer"), "the number of pieces and when each came"],
        ["prompt or answer in the clear", "yes", OnlyCiphertext ? "no, searched" : "YES: A LEAK"],
    ];

    private static bool Holds(ReadOnlySpan<byte> bytes, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        int length = Math.Min(Needle, utf8.Length);
        for (int start = 0; length >= Shortest && start + length <= utf8.Length; start++)
        {
            if (bytes.IndexOf(utf8.AsSpan(start, length)) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static string Hex(ReadOnlySpan<byte> bytes)
    {
        int skip = Math.Min(bytes.Length / 2, 64);
        return Convert.ToHexStringLower(bytes.Slice(skip, Math.Min(Shown, bytes.Length - skip))) + "…";
    }

    private static string Short(string text) => text.Length <= 160 ? text : text[..160] + "…";
}
