namespace Verathos.Protocol.Cbor;

/// <summary>Why bytes are not one item of deterministic CBOR.</summary>
public enum CborError
{
    /// <summary>They are.</summary>
    None = 0,

    /// <summary>The input ends inside an item.</summary>
    Truncated,

    /// <summary>Bytes follow the item.</summary>
    TrailingBytes,

    /// <summary>A head is not in its shortest form.</summary>
    NotShortest,

    /// <summary>A string, array or map of indefinite length.</summary>
    IndefiniteLength,

    /// <summary>Additional information 28 to 30, which has no meaning.</summary>
    ReservedHead,

    /// <summary>A floating-point number, or a simple value other than false, true and null.</summary>
    UnsupportedSimple,

    /// <summary>A text string that is not UTF-8.</summary>
    InvalidUtf8,

    /// <summary>Two equal keys in a map.</summary>
    DuplicateKey,

    /// <summary>Map keys that are not in bytewise order.</summary>
    KeyOrder,

    /// <summary>More levels than <see cref="DeterministicCbor.MaxDepth"/>.</summary>
    TooDeep,
}
