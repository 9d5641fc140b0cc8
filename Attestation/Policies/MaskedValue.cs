namespace Verathos.Attestation.Policies;

/// <summary>Bits that must have given values: evidence AND mask equals value.</summary>
/// <param name="Mask">One in every bit that counts, in the byte order of the evidence.</param>
/// <param name="Value">The required bits; zero outside the mask.</param>
public sealed record MaskedValue(ReadOnlyMemory<byte> Mask, ReadOnlyMemory<byte> Value)
{
    /// <summary>True where the evidence has the required bits and the required length.</summary>
    public bool Matches(ReadOnlySpan<byte> evidence)
    {
        if (evidence.Length != Mask.Length)
        {
            return false;
        }

        for (int i = 0; i < evidence.Length; i++)
        {
            if ((evidence[i] & Mask.Span[i]) != Value.Span[i])
            {
                return false;
            }
        }

        return true;
    }
}
