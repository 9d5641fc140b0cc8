namespace Verathos.Training.Sealing;

/// <summary>Why something sealed was not opened; the first that is found.</summary>
public enum SealError
{
    /// <summary>Nothing was tried: not opened.</summary>
    NotOpened = 0,

    /// <summary>It was opened.</summary>
    None,

    /// <summary>It has more bytes, or more recipients, than it may have.</summary>
    TooLarge,

    /// <summary>It is not of the form, or of another version.</summary>
    Malformed,

    /// <summary>It is not sealed to this key.</summary>
    NotARecipient,

    /// <summary>The key inside does not open: it was made for another subject, other content or another key, or was changed.</summary>
    Key,

    /// <summary>The content does not open under the key inside.</summary>
    Content,

    /// <summary>It opens, and the gradient is not the one whose root the record names.</summary>
    GradientRoot,
}
