namespace Verathos.Fingerprint.Keys;

/// <summary>The experts of every layer of a model.</summary>
/// <param name="Count">Experts of a layer.</param>
/// <param name="PerToken">Experts that compute for one token.</param>
/// <param name="IntermediateSize">Width inside an expert.</param>
/// <param name="NormalisesShares">Whether the shares of those chosen are divided by their sum.</param>
/// <param name="SharedIntermediateSize">Width inside the expert that every token passes; 0 where there is none.</param>
public sealed record ExpertShape(int Count, int PerToken, int IntermediateSize, bool NormalisesShares, int SharedIntermediateSize)
{
    /// <summary>Whether every member is in the range of a model.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsValid =>
        Count is >= 1 and <= 1024 && PerToken >= 1 && PerToken <= Count && IntermediateSize is >= 1 and <= 1 << 19 && SharedIntermediateSize is >= 0 and <= 1 << 19;
}
