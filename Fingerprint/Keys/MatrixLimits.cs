namespace Verathos.Fingerprint.Keys;

/// <summary>What is tolerated of one matrix's products, measured for one model in one numeric profile.</summary>
/// <param name="ResidualMilli">The greatest residual, in thousandths.</param>
/// <param name="RowMismatches">The most secret rows that may differ: 0 where the profile fixes every bit.</param>
public sealed record MatrixLimits(long ResidualMilli, int RowMismatches)
{
    /// <summary>Whether both hold; never for a residual that is no number.</summary>
    public bool Accepts(in MatrixJudgement judgement) =>
        judgement.RowsCompared > 0 && judgement.RowMismatches <= RowMismatches && judgement.Residual * 1000 <= ResidualMilli;

    /// <summary>Limits whose residual an honest product passes but for the given chance, where its residual is kappa times a chi-square of sixteen degrees.</summary>
    /// <param name="kappa">The greatest that was measured.</param>
    /// <param name="chance">For example 1e-12.</param>
    /// <param name="rowMismatches">The most secret rows that may differ.</param>
    public static MatrixLimits FromKappa(double kappa, double chance, int rowMismatches) =>
        new((long)Math.Ceiling(1000 * kappa * Statistics.ChiSquare.UpperQuantile(chance, MatrixKey.Vectors)), rowMismatches);
}
