namespace Verathos.Bench.Peers;

/// <summary>The program that a bench compares with cannot be run, or failed.</summary>
public sealed class ReferenceException : Exception
{
    /// <summary>An error without a message.</summary>
    public ReferenceException()
    {
    }

    /// <summary>An error that says what is missing or what failed.</summary>
    public ReferenceException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its cause.</summary>
    public ReferenceException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
