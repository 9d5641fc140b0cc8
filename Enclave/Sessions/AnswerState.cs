namespace Verathos.Enclave.Sessions;

/// <summary>Where one answer stands. It only moves forward.</summary>
internal enum AnswerState
{
    /// <summary>The request is being looked at.</summary>
    Admitting,

    /// <summary>The request was taken; the signed acceptance goes out next.</summary>
    Accepted,

    /// <summary>Tokens are generated.</summary>
    Generating,

    /// <summary>The last token is out; the receipt goes out next.</summary>
    Closing,

    /// <summary>Nothing more comes.</summary>
    Done,
}
