namespace Verathos.GpuRuntime.Chat;

/// <summary>A piece of a rendered conversation.</summary>
/// <param name="Text">The text; a message's is never copied.</param>
/// <param name="FromTemplate">True where the template wrote it: only there do the names of special tokens mean those tokens.</param>
public readonly record struct ChatSegment(ReadOnlyMemory<char> Text, bool FromTemplate);
