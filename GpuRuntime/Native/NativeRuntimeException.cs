namespace Verathos.GpuRuntime.Native;

/// <summary>libtorch could not be loaded; the message says what is missing and what to do.</summary>
public sealed class NativeRuntimeException : Exception
{
    /// <summary>An error without a message.</summary>
    public NativeRuntimeException()
    {
    }

    /// <summary>An error with what is missing and what to do.</summary>
    public NativeRuntimeException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its cause.</summary>
    public NativeRuntimeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
