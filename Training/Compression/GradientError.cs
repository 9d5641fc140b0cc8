namespace Verathos.Training.Compression;

/// <summary>Why bytes are not a compressed gradient of a layout.</summary>
public enum GradientError
{
    /// <summary>They are.</summary>
    None = 0,

    /// <summary>The version, the bits of a value or the reserved bytes are not those known.</summary>
    Header,

    /// <summary>The gradient is of another layout.</summary>
    Layout,

    /// <summary>The number of bytes is not the one that the layout gives.</summary>
    Length,

    /// <summary>A level or scale is NaN or infinite, or a value would be.</summary>
    NotFinite,

    /// <summary>A level or scale is negative, in the wrong order, or has more bits than it may.</summary>
    Level,

    /// <summary>An index points behind the end of its chunk.</summary>
    IndexBounds,

    /// <summary>An index is there twice, or before a smaller one.</summary>
    IndexOrder,

    /// <summary>A value has the code that stands for none.</summary>
    Value,

    /// <summary>Bits that fill up a byte are not zero.</summary>
    Padding,
}
