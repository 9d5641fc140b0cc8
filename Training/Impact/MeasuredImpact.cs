namespace Verathos.Training.Impact;

/// <summary>What a contribution counts for.</summary>
/// <param name="Value">The fall of the loss; what an outlier promised and nobody confirmed counts 0.</param>
/// <param name="IsExact">True where losses were measured.</param>
/// <param name="IsContradicted">True where the first order promised a fall and the loss did not fall.</param>
public readonly record struct MeasuredImpact(double Value, bool IsExact, bool IsContradicted)
{
    /// <summary>Puts the first order and what was measured together.</summary>
    /// <param name="firstOrder">The promised fall.</param>
    /// <param name="reason">Whether it was to be confirmed.</param>
    /// <param name="exact">The measured losses; null where there are none.</param>
    public static MeasuredImpact From(double firstOrder, ConfirmationReason reason, PairedLosses? exact)
    {
        if (exact is not null)
        {
            return new MeasuredImpact(exact.Fall, true, firstOrder > 0 && exact.Fall <= 0);
        }

        // Who was to be confirmed and was not gets nothing for the promise; a promise of harm is believed.
        double trusted = reason == ConfirmationReason.None && double.IsFinite(firstOrder) ? firstOrder : Math.Min(0, double.IsFinite(firstOrder) ? firstOrder : 0);
        return new MeasuredImpact(trusted, false, false);
    }
}
