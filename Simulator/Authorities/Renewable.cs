namespace Verathos.Simulator.Authorities;

/// <summary>
/// A value with a validity period: made on first use, and again when the clock has left its period or is near the end.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="period">How long a value serves; the last quarter of it already asks for a new one.</param>
/// <param name="make">Makes a value for the moment given.</param>
internal sealed class Renewable<T>(TimeProvider time, TimeSpan period, Func<DateTimeOffset, T> make)
    where T : class
{
    private readonly Lock gate = new();
    private T? value;
    private DateTimeOffset madeAt;

    public T Current
    {
        get
        {
            lock (gate)
            {
                DateTimeOffset now = time.GetUtcNow();
                if (value is null || now < madeAt || now - madeAt > period * 0.75)
                {
                    value = make(now);
                    madeAt = now;
                }

                return value;
            }
        }
    }
}
