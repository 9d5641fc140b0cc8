using Verathos.Validator.Canaries;
using Verathos.Validator.State;

namespace Verathos.Validator.Epochs;

/// <summary>
/// What becomes of canaries whose time has gone by, because the machine was slow for a while or the validator was not running. Sent in a heap they
/// would give themselves away, so that each is given another time, drawn as the first was, within what is left of the epoch, or in a
/// tenth of an epoch after it: the epoch stays open until all have ended.
/// </summary>
internal static class LateCanary
{
    /// <summary>How often a canary is moved before it is left out.</summary>
    public const int MostMoves = 4;

    /// <summary>How late a canary may leave as it was planned.</summary>
    /// <param name="epochSeconds">Of the settings.</param>
    public static TimeSpan Patience(int epochSeconds) => TimeSpan.FromSeconds(Math.Max(60, epochSeconds / 10));

    /// <summary>Another time; null where the canary is to be left out: it was moved too often, or its conversation has begun and people would have gone away.</summary>
    /// <param name="canary">Late by more than the patience.</param>
    /// <param name="ends">When the epoch ends.</param>
    /// <param name="now">Now.</param>
    /// <param name="patience">Of the epoch.</param>
    /// <param name="arrivals">When people ask.</param>
    /// <param name="random">Draws the time.</param>
    public static DateTimeOffset? Redraw(CanaryRow canary, DateTimeOffset ends, DateTimeOffset now, TimeSpan patience, ArrivalProfile arrivals, CanaryRandom random)
    {
        if (canary.Turn > 0 || canary.Moved >= MostMoves)
        {
            return null;
        }

        TimeSpan left = ends - now > patience ? ends - now : patience;
        return now + arrivals.Arrival(random, now, left);
    }
}
