using System.Diagnostics.CodeAnalysis;

namespace Verathos.GpuRuntime.Chat;

/// <summary>The chat templates that are known, each recognised by its exact text; any other is an error, never a guess.</summary>
public static class ChatTemplates
{
    /// <summary>ChatML without a default system message.</summary>
    public const string ChatMl = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    /// <summary>ChatML as SmolLM2-Instruct has it, with a default system message.</summary>
    public const string SmolLm2 = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\n" + SmolLm2System + "<|im_end|>\\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    /// <summary>Llama 2's instruction format with alternating turns and an optional system message.</summary>
    public const string Llama2 = "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";

    private const string SmolLm2System = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

    /// <summary>Finds a template by its text.</summary>
    /// <param name="text">The chat_template of a tokenizer's configuration.</param>
    /// <param name="template">The template, when it is known.</param>
    public static bool TryRecognise(string text, [NotNullWhen(true)] out ChatTemplate? template)
    {
        ArgumentNullException.ThrowIfNull(text);

        // Some files escape the line feeds inside the template's strings, some hold them as they are; the meaning is the same.
        template = text.Replace("\n", "\\n", StringComparison.Ordinal) switch
        {
            ChatMl => new ChatTemplate("chatml", static messages => RenderChatMl(messages, null)),
            SmolLm2 => new ChatTemplate("smollm2", static messages => RenderChatMl(messages, SmolLm2System)),
            Llama2 => new ChatTemplate("llama2", RenderLlama2),
            _ => null,
        };
        return template is not null;
    }

    private static IEnumerable<ChatSegment> RenderChatMl(IReadOnlyList<ChatMessage> messages, string? defaultSystem)
    {
        if (defaultSystem is not null && messages[0].Role != "system")
        {
            yield return new ChatSegment($"<|im_start|>system\n{defaultSystem}<|im_end|>\n", true);
        }

        foreach (ChatMessage message in messages)
        {
            if (message.Role is not ("system" or "user" or "assistant"))
            {
                throw new ChatFormatException("a message's role must be system, user or assistant");
            }

            yield return new ChatSegment($"<|im_start|>{message.Role}\n", true);
            yield return new ChatSegment(message.Content, false);
            yield return new ChatSegment("<|im_end|>\n", true);
        }

        yield return new ChatSegment("<|im_start|>assistant\n", true);
    }

    private static IEnumerable<ChatSegment> RenderLlama2(IReadOnlyList<ChatMessage> messages)
    {
        string? system = messages[0].Role == "system" ? messages[0].Content : null;
        int first = system is null ? 0 : 1;
        for (int i = first; i < messages.Count; i++)
        {
            bool user = (i - first) % 2 == 0;
            if (messages[i].Role != (user ? "user" : "assistant"))
            {
                throw new ChatFormatException("after an optional system message the roles must alternate user, assistant, user, ...");
            }

            string content = system is not null && i == first ? $"<<SYS>>\n{system}\n<</SYS>>\n\n{messages[i].Content}" : messages[i].Content;
            yield return new ChatSegment(user ? "<s>" : " ", true);
            yield return new ChatSegment(user ? $"[INST] {content.Trim()} [/INST]" : content.Trim(), false);
            if (!user)
            {
                yield return new ChatSegment(" </s>", true);
            }
        }
    }
}
