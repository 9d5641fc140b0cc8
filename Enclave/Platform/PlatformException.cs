namespace Verathos.Enclave.Platform;

/// <summary>The platform cannot give what the enclave needs; the text says what is missing and what to do.</summary>
public sealed class PlatformException : Exception
{
    /// <summary>Creates the failure.</summary>
    public PlatformException()
        : this("the platform failed")
    {
    }

    /// <summary>Creates the failure with a text.</summary>
    public PlatformException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the failure with a text and a cause.</summary>
    public PlatformException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
