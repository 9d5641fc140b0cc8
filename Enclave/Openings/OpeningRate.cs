namespace Verathos.Enclave.Openings;

/// <summary>Openings a minute, of all receipts together: as many at once, and then as they grow again. Not thread-safe.</summary>
/// <param name="perMinute">At least 1.</param>
/// <param name="time">Its monotonic clock counts.</param>
internal sealed class OpeningRate(int perMinute, TimeProvider time)
{
    private double _left = perMinute;
    private long _at = time.GetTimestamp();

    /// <summary>Takes openings.</summary>
    /// <param name="count">How many, at most as many as there are a minute.</param>
    /// <returns>Null where they were taken; else the seconds after which there are so many.</returns>
    public int? TryTake(int count)
    {
        long now = time.GetTimestamp();
        _left = Math.Min(perMinute, _left + (time.GetElapsedTime(_at, now).TotalMinutes * perMinute));
        _at = now;
        if (count > _left)
        {
            return Math.Max(1, (int)Math.Ceiling((count - _left) * 60 / perMinute));
        }

        _left -= count;
        return null;
    }
}
