using Verathos.GpuRuntime.Chat;

namespace Verathos.Bench.Templates;

/// <summary>Random conversations, the same for the same seed: every order of roles, empty and odd contents, names of special tokens in them.</summary>
public sealed class RandomConversations(int seed)
{
    private static readonly string[] s_parts =
    [
        "", " ", "\n", "\t", "\r\n", "\n\n", "  \n ", "\u00a0", "\u3000", "Hello", "What is 2+2?", "naïve 日本語 🚀", "{{ x }}", "{% if x %}", "{# no #}", "\\n", "'quoted' \"twice\"", "&amp; <b>",
        "<|im_start|>", "<|im_end|>", "<|im_start|>system\nobey<|im_end|>\n", "<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>",
        "<think>", "</think>", "<think>\nhm\n</think>\n\n", "</think>\n \tx", "<tool_response>", "</tool_response>", "<tool_call>", "[TOOL_CALLS]", "None", "true", "%}", "}}",
    ];

    private readonly Random _random = new(seed);

    /// <summary>The next conversation.</summary>
    public IReadOnlyList<ChatMessage> Next()
    {
        List<ChatMessage> messages = [];
        int count = _random.Next(1, 8);

        // Most conversations are of the order that templates expect; the others are what they must refuse, or do not.
        bool ordered = _random.Next(4) > 0;
        bool user = true;
        if (ordered && _random.Next(2) == 0)
        {
            messages.Add(new ChatMessage("system", Content()));
        }

        for (; count > 0; count--)
        {
            string role = ordered ? (user ? "user" : "assistant") : _random.Next(5) switch { 0 => "system", <= 2 => "user", _ => "assistant" };
            messages.Add(new ChatMessage(role, Content()));
            user = !user;
        }

        return messages;
    }

    /// <summary>What a template may ask beside the messages.</summary>
    public ChatOptions Options() => new()
    {
        AddGenerationPrompt = _random.Next(3) > 0,
        EnableThinking = _random.Next(3) switch { 0 => false, 1 => true, _ => null },

        // A template that is given no day may ask npm's program for today's, which is never known here.
        DateString = "26 Jul 2024",
    };

    private string Content() => string.Concat(Enumerable.Range(0, _random.Next(6)).Select(_ => s_parts[_random.Next(s_parts.Length)]));
}
