using System.Numerics;
using Verathos.Training.Ratings;

namespace Verathos.Training.Rewards;

/// <summary>
/// Pays a round: a pool in proportion to what the round's update did to the held-out loss, split in proportion to what each
/// contribution did to it. docs/rewards.md has the formula and worked examples, which are tested.
/// </summary>
/// <param name="Pool">What is paid in all, in whole units.</param>
/// <param name="Shares">By worker, in the order of the keys; they add up to the pool, or are all 0.</param>
public sealed record RewardSplit(long Pool, IReadOnlyList<(WorkerKey Worker, long Units)> Shares)
{
    // Credits are counted in this part of the greatest one, so that the split is exact in whole numbers.
    private const double Resolution = 1L << 40;

    /// <summary>max(0, impact) * what the gap earns * sync.</summary>
    public static double Credit(RewardClaim claim) =>
        Math.Max(0, claim.Impact) * new GapAverage(claim.Gap).Earning * WorkerScore.SyncOf(claim.StepsBehind);

    /// <summary>Splits.</summary>
    /// <param name="rule">How much.</param>
    /// <param name="fall">By how much the round's update lowered the held-out loss, measured exactly, in nats per token.</param>
    /// <param name="claims">One of each worker.</param>
    /// <exception cref="ArgumentException">A worker is there twice, a number is not finite, or the rule is negative.</exception>
    public static RewardSplit Compute(RewardRule rule, double fall, IReadOnlyList<RewardClaim> claims)
    {
        ArgumentNullException.ThrowIfNull(rule);
        ArgumentNullException.ThrowIfNull(claims);
        RewardClaim[] ordered = [.. claims.OrderBy(claim => claim.Worker)];
        if (rule.UnitsPerNat < 0 || rule.Budget < 0 || !double.IsFinite(fall) || ordered.Select(claim => claim.Worker).Distinct().Count() != ordered.Length
            || ordered.Any(claim => !double.IsFinite(claim.Impact) || claim.Gap is not (>= -1 and <= 1)))
        {
            throw new ArgumentException("a split needs finite numbers, gaps of -1 to 1, and one claim of each worker", nameof(claims));
        }

        double[] credits = [.. ordered.Select(Credit)];
        double greatest = credits.Length == 0 ? 0 : credits.Max();
        long pool = greatest > 0 ? (long)Math.Min(rule.Budget, Math.Floor(Math.Max(0, fall) * rule.UnitsPerNat)) : 0;
        BigInteger[] parts = [.. credits.Select(credit => greatest > 0 ? new BigInteger(Math.Floor(credit / greatest * Resolution)) : BigInteger.Zero)];
        return new RewardSplit(pool, LargestRemainders(ordered, parts, pool));
    }

    // Whole units first; what is left goes to the largest remainders, of equal ones to the first key.
    private static (WorkerKey, long)[] LargestRemainders(RewardClaim[] claims, BigInteger[] parts, long pool)
    {
        BigInteger total = parts.Aggregate(BigInteger.Zero, (sum, part) => sum + part);
        if (total.IsZero)
        {
            return [.. claims.Select(claim => (claim.Worker, 0L))];
        }

        long[] units = new long[parts.Length];
        BigInteger[] remainders = new BigInteger[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            units[i] = (long)BigInteger.DivRem(parts[i] * pool, total, out remainders[i]);
        }

        long left = pool - units.Sum();
        foreach (int i in Enumerable.Range(0, parts.Length).OrderByDescending(i => remainders[i]).ThenBy(i => i).Take((int)left))
        {
            units[i]++;
        }

        return [.. claims.Select((claim, i) => (claim.Worker, units[i]))];
    }
}
