namespace Verathos.Enclave;

/// <summary>A failure that crosses from the enclave to the host. Its text never holds anything of a request.</summary>
public sealed class EnclaveException : Exception
{
    /// <summary>Creates an <see cref="EnclaveFailure.Internal"/> failure.</summary>
    public EnclaveException()
        : this(EnclaveFailure.Internal, "the enclave failed")
    {
    }

    /// <summary>Creates an <see cref="EnclaveFailure.Internal"/> failure with a text.</summary>
    public EnclaveException(string message)
        : this(EnclaveFailure.Internal, message)
    {
    }

    /// <summary>Creates an <see cref="EnclaveFailure.Internal"/> failure with a text and a cause.</summary>
    public EnclaveException(string message, Exception innerException)
        : base(message, innerException) => Failure = EnclaveFailure.Internal;

    /// <summary>Creates a failure of a kind.</summary>
    public EnclaveException(EnclaveFailure failure, string message)
        : base(message) => Failure = failure;

    /// <summary>The kind, for callers to switch on.</summary>
    public EnclaveFailure Failure { get; }
}
