namespace Verathos.Fingerprint.Statistics;

/// <summary>What a number of checks without an alarm shows.</summary>
public static class AlarmRate
{
    /// <summary>The greatest rate that 95 % of such runs would have contradicted: 1 - 0.05^(1/n), about 3/n. Nothing smaller is shown by counting.</summary>
    /// <param name="checks">All without an alarm, at least 1.</param>
    public static double UpperBoundOfNone(long checks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(checks, 1);
        return -Math.Exp(Math.Log(0.05) / checks) + 1 is var bound && checks < 1_000_000 ? bound : -Math.Log(0.05) / checks;
    }
}
