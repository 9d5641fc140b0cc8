using Verathos.Fingerprint.Sampling;

namespace Verathos.Fingerprint.Statistics;

/// <summary>
/// What each outcome of one test weighs, as an integer, for one model in one numeric profile: the logarithm of how much likelier it
/// is of the nearest cheat than of an honest node. Outcomes are numbered from 0.
/// </summary>
public sealed record LikelihoodTable
{
    /// <summary>The least weight: -0.5 nats, so that one good outcome pays for little.</summary>
    public const long LeastMicro = -500_000;

    /// <summary>The greatest weight: 3 nats, so that one outcome convicts nobody.</summary>
    public const long MostMicro = 3_000_000;

    private const int ToFixed = FixedPoint.Bits;

    /// <summary>Grows with every change of the weights.</summary>
    public required int Version { get; init; }

    /// <summary>The manifest's root, 64 lower-case hexadecimal digits.</summary>
    public required string ManifestRoot { get; init; }

    /// <summary>The numeric profile's identifier.</summary>
    public required string Profile { get; init; }

    /// <summary>The test, for example "toploc".</summary>
    public required string Test { get; init; }

    /// <summary>The weight of each outcome, in millionths of a nat, within the two bounds.</summary>
    public required IReadOnlyList<long> WeightsMicro { get; init; }

    /// <summary>For each honest condition (threads, batch, instruction set, ...), how often each outcome was measured.</summary>
    public required IReadOnlyList<IReadOnlyList<long>> HonestCounts { get; init; }

    /// <summary>
    /// Makes a table from counts. An outcome's honest chance is that of the condition that shows it most; a count of c among n of k
    /// outcomes counts as (c + 1) / (n + k). All weights are then lowered together until the gate holds.
    /// </summary>
    /// <param name="version">The table's version.</param>
    /// <param name="manifestRoot">64 lower-case hexadecimal digits.</param>
    /// <param name="profile">The numeric profile's identifier.</param>
    /// <param name="test">The test's name.</param>
    /// <param name="honest">One list for each condition.</param>
    /// <param name="cheat">The counts of what the table weighs against: one cheat, or several alike.</param>
    /// <param name="ordered">Whether outcomes are ordered from honest to not, so that none may weigh less than one before it: what neither side showed much says nothing by itself.</param>
    /// <exception cref="ArgumentException">The lists differ in length, or no weights pass the gate.</exception>
    public static LikelihoodTable FromCounts(
        int version, string manifestRoot, string profile, string test, IReadOnlyList<IReadOnlyList<long>> honest, IReadOnlyList<long> cheat, bool ordered = false)
    {
        ArgumentNullException.ThrowIfNull(honest);
        ArgumentNullException.ThrowIfNull(cheat);
        if (honest.Count == 0 || honest.Any(counts => counts.Count != cheat.Count))
        {
            throw new ArgumentException("each condition has a count for each outcome", nameof(honest));
        }

        long[] weights = new long[cheat.Count];
        for (int outcome = 0; outcome < weights.Length; outcome++)
        {
            int at = outcome;
            weights[outcome] = LogShare(cheat[at], cheat) - honest.Max(counts => LogShare(counts[at], counts));
            weights[outcome] = ordered && outcome > 0 ? Math.Max(weights[outcome], weights[outcome - 1]) : weights[outcome];
        }

        for (long lowered = 0; lowered <= MostMicro - LeastMicro; lowered += 1000)
        {
            LikelihoodTable table = new()
            {
                Version = version,
                ManifestRoot = manifestRoot,
                Profile = profile,
                Test = test,
                HonestCounts = honest,
                WeightsMicro = [.. weights.Select(weight => Math.Clamp(weight - lowered, LeastMicro, MostMicro))],
            };
            if (table.PassesGate)
            {
                return table;
            }
        }

        throw new ArgumentException("no weights keep an honest node's expected ratio at one", nameof(honest));
    }

    /// <summary>
    /// Whether no honest condition has an expected ratio above one, on which the e-detector's bound rests: computed in integers and
    /// rounded against the table.
    /// </summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool PassesGate
    {
        get
        {
            if (HonestCounts.Count == 0 || WeightsMicro.Any(static w => w is < LeastMicro or > MostMicro))
            {
                return false;
            }

            // The sum of (c + 1) e^(w - 3) against (n + k) e^-3, so that no exponent is above 0. An exponential is off by less than 2^-36.
            long[] exponentials = [.. WeightsMicro.Select(static w => FixedPoint.ExpOfNegative(ToNats(MostMicro - w)) + (1L << (ToFixed - 36)))];
            Int128 one = FixedPoint.ExpOfNegative(ToNats(MostMicro)) - (1L << (ToFixed - 36));
            foreach (IReadOnlyList<long> counts in HonestCounts)
            {
                if (counts.Count != exponentials.Length || counts.Any(static c => c is < 0 or > 1L << 50))
                {
                    return false;
                }

                Int128 sum = 0;
                for (int i = 0; i < exponentials.Length; i++)
                {
                    sum += (Int128)(counts[i] + 1) * exponentials[i];
                }

                if (sum > (counts.Sum() + exponentials.Length) * one)
                {
                    return false;
                }
            }

            return true;
        }
    }

    private static long ToNats(long micro) => (long)(((Int128)micro << ToFixed) / 1_000_000);

    // ln((c + 1) / (n + k)) in millionths, towards minus infinity.
    private static long LogShare(long count, IReadOnlyList<long> counts)
    {
        long nats = FixedPoint.Ln((ulong)count + 1) - FixedPoint.Ln((ulong)(counts.Sum() + counts.Count));
        return (long)(((Int128)nats * 1_000_000) >> ToFixed);
    }
}
