namespace Verathos.Attestation;

/// <summary>Why bytes are not what they claim to be.</summary>
/// <param name="Field">The field by its name in the specification.</param>
/// <param name="Problem">One plain sentence.</param>
/// <param name="Offset">Byte offset in the input; -1 where it has no meaning.</param>
public readonly record struct ParseError(string Field, string Problem, int Offset = -1)
{
    /// <summary>True where the bytes may be well-formed, but in a version or of a kind that this build does not verify.</summary>
    public bool IsUnsupported { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Offset < 0 ? $"{Field}: {Problem}" : $"{Field} at {Offset}: {Problem}";
}
