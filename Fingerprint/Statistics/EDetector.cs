using Verathos.Fingerprint.Sampling;

namespace Verathos.Fingerprint.Statistics;

/// <summary>
/// The evidence against one node: the weights of its outcomes summed up and restarted at 0, so that old honesty is no credit. Under
/// tables that pass the gate an honest node meets a bound b after e^b checks on average, or later (the sum is below the
/// Shiryaev-Roberts e-detector's logarithm).
/// </summary>
/// <param name="SumMicro">In millionths of a nat, at least 0.</param>
/// <param name="Checks">Outcomes so far.</param>
public readonly record struct EDetector(long SumMicro, long Checks)
{
    /// <summary>The bound that an honest node meets within a year with at most the given chance, in millionths of a nat: ln(checks a year) + ln(one in so many), rounded up.</summary>
    /// <param name="checksPerYear">At least 1.</param>
    /// <param name="oneIn">The inverse of the chance: 1,000,000 for 1e-6 a node and year.</param>
    public static long BoundMicro(long checksPerYear, long oneIn)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(checksPerYear, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(oneIn, 1);
        Int128 nats = (Int128)FixedPoint.Ln((ulong)checksPerYear) + FixedPoint.Ln((ulong)oneIn);
        return (long)(((nats * 1_000_000) >> FixedPoint.Bits) + 1);
    }

    /// <summary>The evidence after one more outcome.</summary>
    /// <param name="table">The table of the test's model and profile.</param>
    /// <param name="outcome">The outcome's number.</param>
    /// <exception cref="ArgumentException">The table does not pass the gate, so that its weights bound nothing.</exception>
    public EDetector Observe(LikelihoodTable table, int outcome)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (!table.PassesGate)
        {
            throw new ArgumentException($"the table {table.Test} version {table.Version} does not pass the gate", nameof(table));
        }

        return new EDetector(Math.Max(0, SumMicro) + table.WeightsMicro[outcome] is var sum && sum > 0 ? sum : 0, Checks + 1);
    }

    /// <summary>Whether the evidence reaches a bound.</summary>
    public bool Reaches(long boundMicro) => SumMicro >= boundMicro;
}
