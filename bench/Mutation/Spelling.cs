namespace Verathos.Bench.Mutation;

/// <summary>How a JSON member spells bytes.</summary>
internal enum Spelling
{
    /// <summary>A text in ASCII.</summary>
    Text,

    /// <summary>Hexadecimal digits.</summary>
    Hex,

    /// <summary>Base64.</summary>
    Base64,
}
