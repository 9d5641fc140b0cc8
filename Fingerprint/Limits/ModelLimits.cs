using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Toploc;

namespace Verathos.Fingerprint.Limits;

/// <summary>All limits of one model in one numeric profile. They were measured there and hold nowhere else.</summary>
/// <param name="ManifestRoot">64 lower-case hexadecimal digits.</param>
/// <param name="Profile">The numeric profile's identifier.</param>
/// <param name="Toploc">Of TOPLOC proofs.</param>
/// <param name="Sketches">Of sketches, depth by depth.</param>
/// <param name="Layer">Of an opened layer.</param>
/// <param name="Logits">Of an opened row of logits.</param>
/// <param name="Margins">Of margins.</param>
public sealed record ModelLimits(string ManifestRoot, string Profile, ToplocLimits Toploc, SketchLimits Sketches, LayerLimits Layer, MatrixLimits Logits, MarginRules Margins)
{
    /// <summary>Whether every limit is one that a measurement can give.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsValid =>
        ManifestRoot is { Length: 64 } && ManifestRoot.All(char.IsAsciiHexDigitLower) && Profile is { Length: > 0 and <= 64 }
        && Toploc is { ExponentMismatches: >= 0 and < ToplocProof.MaximumPoints, MeanHundredths: >= 0 and <= 12_700, MedianTwice: >= 0 and <= 254 }
        && Sketches.Billionths.Count > 0 && Sketches.Billionths.All(static limit => limit is { Key: > 0, Value: >= 0 and < 1_000_000_000 })
        && Layer.Matrices.Count == LayerKey.Matrices && Layer.Matrices.All(IsMatrix) && Layer.AttentionMismatches >= 0 && IsMatrix(Logits)
        && Margins is { CapMicro: >= 0, TopPMicro: <= SamplingParameters.One, TopK: >= 0 };

    private static bool IsMatrix(MatrixLimits limits) => limits is { ResidualMilli: >= 0, RowMismatches: >= 0 and <= 64 };
}
