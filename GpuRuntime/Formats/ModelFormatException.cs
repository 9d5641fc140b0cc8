namespace Verathos.GpuRuntime.Formats;

/// <summary>A model's file is damaged, incomplete or of a kind that is not supported; the message names the file and the tensor or field.</summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>An error without a message.</summary>
    public ModelFormatException()
    {
    }

    /// <summary>An error that says what is wrong and where.</summary>
    public ModelFormatException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its cause.</summary>
    public ModelFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
