namespace Verathos.Attestation.Collateral.Fetch;

/// <summary>How long and how much a service may answer. Every bound holds for one document.</summary>
public sealed record FetchLimits
{
    /// <summary>How long one try may take, body included.</summary>
    public TimeSpan Attempt { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long all tries together may take.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a try that failed by the service's or the network's fault is repeated.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>How long to wait before the first repetition; it doubles, with jitter, unless the service names a time.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of the longest JSON answer.</summary>
    public int LongestJson { get; init; } = 2 << 20;

    /// <summary>Bytes of the longest revocation list.</summary>
    public int LongestList { get; init; } = 4 << 20;

    /// <summary>Bytes of the longest answer that is one certificate, a chain, an OCSP answer or a token.</summary>
    public int LongestSmall { get; init; } = 256 << 10;

    /// <summary>Everything that is wrong with these limits; empty where nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        List<string> problems = [];
        Require(Attempt > TimeSpan.Zero && Attempt <= TimeSpan.FromHours(1), "a try takes more than no time, and at most an hour");
        Require(Total >= Attempt && Total <= TimeSpan.FromHours(1), "all tries together take at least as long as one, and at most an hour");
        Require(Retries is >= 0 and <= 10, "a try is repeated at most 10 times");
        Require(FirstDelay > TimeSpan.Zero, "the first delay is more than no time");
        Require(LongestJson > 0 && LongestList > 0 && LongestSmall > 0, "an answer has at least one byte");
        return problems;

        void Require(bool condition, string problem)
        {
            if (!condition)
            {
                problems.Add(problem);
            }
        }
    }
}
