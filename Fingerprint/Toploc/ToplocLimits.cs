namespace Verathos.Fingerprint.Toploc;

/// <summary>What is tolerated of a proof, measured for one model in one numeric profile. There is no default: limits of one model let another's int8 form pass.</summary>
/// <param name="ExponentMismatches">The most points whose sign or exponent may differ.</param>
/// <param name="MeanHundredths">The greatest mean difference of mantissas, in hundredths of the last place.</param>
/// <param name="MedianTwice">Twice the greatest median difference.</param>
public sealed record ToplocLimits(int ExponentMismatches, int MeanHundredths, int MedianTwice)
{
    /// <summary>Whether a comparison is within all three. One in which no point agrees never is.</summary>
    public bool Accepts(in ToplocComparison comparison) =>
        comparison.Agreeing > 0
        && comparison.ExponentMismatches <= ExponentMismatches
        && comparison.MantissaSum * 100L <= (long)MeanHundredths * comparison.Agreeing
        && comparison.MantissaMedianTwice <= MedianTwice;
}
