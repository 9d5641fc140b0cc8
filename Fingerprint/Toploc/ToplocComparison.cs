namespace Verathos.Fingerprint.Toploc;

/// <summary>How far a proof is from a verifier's own activations, in integers.</summary>
/// <param name="Points">Points compared.</param>
/// <param name="ExponentMismatches">Points whose sign or exponent differ.</param>
/// <param name="MantissaSum">The sum of the mantissas' differences over the other points, in units of the last place.</param>
/// <param name="MantissaMedianTwice">Twice the median of those differences: the sum of the two middle ones where their number is even.</param>
public readonly record struct ToplocComparison(int Points, int ExponentMismatches, int MantissaSum, int MantissaMedianTwice)
{
    /// <summary>Points whose sign and exponent agree.</summary>
    public int Agreeing => Points - ExponentMismatches;

    /// <summary>The mean difference; not a number where no point agrees.</summary>
    public double MantissaMean => (double)MantissaSum / Agreeing;

    /// <summary>The median difference; not a number where no point agrees.</summary>
    public double MantissaMedian => Agreeing == 0 ? double.NaN : MantissaMedianTwice / 2.0;

    /// <summary>Sums up the differences of the agreeing points, which are sorted in place.</summary>
    internal static ToplocComparison Of(int points, Span<int> differences)
    {
        differences.Sort();
        int sum = 0;
        foreach (int difference in differences)
        {
            sum += difference;
        }

        int twice = differences.IsEmpty ? 0 : differences[(differences.Length - 1) / 2] + differences[differences.Length / 2];
        return new ToplocComparison(points, points - differences.Length, sum, twice);
    }
}
