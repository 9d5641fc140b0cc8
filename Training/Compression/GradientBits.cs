namespace Verathos.Training.Compression;

/// <summary>Bits of a kept value.</summary>
public enum GradientBits
{
    /// <summary>A sign and one of two levels of the chunk.</summary>
    Two = 2,

    /// <summary>A signed number of -127 to 127 times the chunk's scale.</summary>
    Eight = 8,
}
