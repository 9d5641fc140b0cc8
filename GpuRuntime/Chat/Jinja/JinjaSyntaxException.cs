namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>A template that is damaged, or uses what is not supported; the message names it.</summary>
internal sealed class JinjaSyntaxException : Exception
{
    public JinjaSyntaxException(string what, int line)
        : base($"{what} (line {line})")
    {
    }
}
