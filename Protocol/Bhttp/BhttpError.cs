namespace Verathos.Protocol.Bhttp;

/// <summary>Why bytes are not a binary HTTP message (RFC 9292).</summary>
public enum BhttpError
{
    /// <summary>They are.</summary>
    None = 0,

    /// <summary>The message ends where it may not.</summary>
    Truncated,

    /// <summary>The framing indicator is none of the four known ones, or not one of the two for this kind of message.</summary>
    Framing,

    /// <summary>A variable-length integer is not in its shortest form.</summary>
    NotShortest,

    /// <summary>A length or count is above the limit of this reader.</summary>
    TooLarge,

    /// <summary>The status code is not in its range (100 to 199 informational, 200 to 599 final).</summary>
    Status,

    /// <summary>The method, scheme, authority or path has bytes that it may not have.</summary>
    ControlData,

    /// <summary>A field's name is empty, has an upper-case letter or another byte that a name may not have, or starts with a colon.</summary>
    FieldName,

    /// <summary>A field's value has a NUL, CR or LF, or white space around it.</summary>
    FieldValue,

    /// <summary>Padding that is not zero, or bytes after the end.</summary>
    Padding,
}
