namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>What a piece of a SentencePiece vocabulary is; the numbers are those of its format and of GGUF.</summary>
public enum PieceType
{
    /// <summary>Not stated.</summary>
    None = 0,

    /// <summary>Ordinary text.</summary>
    Normal = 1,

    /// <summary>The unknown token.</summary>
    Unknown = 2,

    /// <summary>A special token.</summary>
    Control = 3,

    /// <summary>Text that the user added.</summary>
    UserDefined = 4,

    /// <summary>Not used.</summary>
    Unused = 5,

    /// <summary>One byte.</summary>
    Byte = 6,
}
