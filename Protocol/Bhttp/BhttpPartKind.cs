namespace Verathos.Protocol.Bhttp;

/// <summary>What a <see cref="BhttpPart"/> is.</summary>
public enum BhttpPartKind
{
    /// <summary>Status and header fields of an informational response.</summary>
    Informational,

    /// <summary>Status and header fields of the final response.</summary>
    Head,

    /// <summary>Some bytes of the content.</summary>
    Content,

    /// <summary>The content is over; the trailer fields.</summary>
    End,
}
