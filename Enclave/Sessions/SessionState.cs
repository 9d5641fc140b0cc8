namespace Verathos.Enclave.Sessions;

/// <summary>Where one request stands. It only moves forward.</summary>
internal enum SessionState
{
    /// <summary>Bytes of the request come in; nothing but decapsulation has been done.</summary>
    Opening,

    /// <summary>The answer is a sealed error or a list; it is ready to go out whole.</summary>
    Whole,

    /// <summary>The request was taken; the signed acceptance goes out next.</summary>
    Accepted,

    /// <summary>Tokens are generated.</summary>
    Generating,

    /// <summary>The last token is out; the receipt goes out next.</summary>
    Closing,

    /// <summary>Nothing more comes.</summary>
    Done,
}
