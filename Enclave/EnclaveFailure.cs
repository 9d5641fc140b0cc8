namespace Verathos.Enclave;

/// <summary>Why the enclave gave no answer that it could seal.</summary>
public enum EnclaveFailure
{
    /// <summary>The request does not decapsulate, for whatever reason; the reason is not told, and every case looks the same.</summary>
    Undecryptable,

    /// <summary>The request ended, or its sender went away, before its final chunk.</summary>
    Incomplete,

    /// <summary>The call was wrong: a nonce that is not 32 bytes.</summary>
    InvalidArgument,

    /// <summary>The enclave has no keys: still starting, stopped, or its GPUs failed their check.</summary>
    Unavailable,

    /// <summary>More evidence requests wait than the enclave keeps; try again later.</summary>
    Overloaded,

    /// <summary>The connection to the enclave process broke; whatever was already delivered stays proved, the rest does not exist.</summary>
    ConnectionLost,

    /// <summary>The keyset of a running stream reached its end before the stream did.</summary>
    KeysetExpired,

    /// <summary>Something inside failed. The details stay inside.</summary>
    Internal,
}
