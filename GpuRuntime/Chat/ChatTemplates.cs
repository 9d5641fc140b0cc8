namespace Verathos.GpuRuntime.Chat;

/// <summary>Chat templates that models of this build's own making carry.</summary>
public static class ChatTemplates
{
    /// <summary>ChatML without a default system message.</summary>
    public const string ChatMl = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
}
