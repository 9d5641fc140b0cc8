namespace Verathos.Fingerprint.Keys;

/// <summary>What is tolerated of a layer, measured for one model in one numeric profile.</summary>
/// <param name="Matrices">In the order of <see cref="LayerMatrix"/>.</param>
/// <param name="AttentionMismatches">The most elements of the recomputed head that may differ in any bit: 0 where the profile fixes them.</param>
public sealed record LayerLimits(IReadOnlyList<MatrixLimits> Matrices, int AttentionMismatches)
{
    /// <summary>The limits of a profile that fixes every bit: residuals by kappa and the chance that an honest layer fails by one of them, nothing else.</summary>
    public static LayerLimits Exact(double kappa, double chance) =>
        new([.. Enumerable.Repeat(MatrixLimits.FromKappa(kappa, chance / LayerKey.Matrices, 0), LayerKey.Matrices)], 0);
}
