namespace Verathos.GpuRuntime.Chat;

/// <summary>A conversation that the model's template cannot express, such as one with an unknown role.</summary>
public sealed class ChatFormatException : Exception
{
    /// <summary>An error without a message.</summary>
    public ChatFormatException()
    {
    }

    /// <summary>An error that says what the template does not accept.</summary>
    public ChatFormatException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its cause.</summary>
    public ChatFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
