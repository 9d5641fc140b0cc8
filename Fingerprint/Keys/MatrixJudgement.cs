namespace Verathos.Fingerprint.Keys;

/// <summary>What a matrix's key says of one product. Only pass or fail may leave the validator: a residual lets a node solve for the secret.</summary>
/// <param name="Residual">
/// The sum of the sixteen squared residuals over the variance of rounding: kappa times a chi-square of sixteen degrees where the
/// product is honest, infinite where a number is none.
/// </param>
/// <param name="RowMismatches">Secret rows whose output differs in any bit.</param>
/// <param name="RowsCompared">Secret rows.</param>
public readonly record struct MatrixJudgement(double Residual, int RowMismatches, int RowsCompared);
