namespace Verathos.Attestation;

/// <summary>
/// Counts what parsing costs on the calling thread, in bytes looked at: every pass over a part of the input, by a loop here or by a
/// reader of the platform, counts that part's length once. Parsing must be linear: the count stays below a constant times the input.
/// </summary>
internal static class ParseSteps
{
    [ThreadStatic]
    private static long _count;

    /// <summary>What was counted since <see cref="Reset"/>.</summary>
    public static long Count => _count;

    public static void Reset() => _count = 0;

    public static void Add(int bytes) => _count += bytes;
}
