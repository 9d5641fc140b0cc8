namespace Verathos.Protocol.Receipts;

/// <summary>Why signed bytes are refused.</summary>
public enum ReceiptError
{
    /// <summary>They are not.</summary>
    None = 0,

    /// <summary>Not a tagged COSE_Sign1 in deterministic CBOR with two protected members.</summary>
    Malformed,

    /// <summary>The unprotected header is not empty.</summary>
    Unprotected,

    /// <summary>The algorithm is not ES256.</summary>
    Algorithm,

    /// <summary>The typ is that of another kind of statement.</summary>
    Type,

    /// <summary>The signature is not 64 bytes, or r or s is out of range, or s is in the upper half.</summary>
    SignatureForm,

    /// <summary>The signature does not verify under the key.</summary>
    Signature,

    /// <summary>A claim is missing, unknown, or of the wrong type or range.</summary>
    Claims,
}
