using Verathos.Bench.Statistics;

namespace Verathos.Bench.Trace;

/// <summary>How a trace went.</summary>
/// <param name="Model">The model.</param>
/// <param name="Profile">The numeric profile.</param>
/// <param name="Seed">Chose the requests.</param>
/// <param name="Requests">Requests by kind.</param>
/// <param name="Undeserved">Errors that no request deserved, and errors that were deserved and did not come: each with its request's number.</param>
/// <param name="Compared">Answers, whole or left, whose ids were compared with those of the request alone.</param>
/// <param name="ComparedTokens">Their tokens.</param>
/// <param name="Different">Numbers of the requests whose ids differ.</param>
/// <param name="FirstTokenMilliseconds">From sending a request to its first token.</param>
/// <param name="TotalMilliseconds">From sending a request to its verified receipt.</param>
/// <param name="Seconds">The whole trace.</param>
/// <param name="TokensPerSecond">Tokens of all answers over that time.</param>
public sealed record TraceReport(
    string Model,
    string Profile,
    int Seed,
    IReadOnlyDictionary<TraceKind, int> Requests,
    IReadOnlyList<string> Undeserved,
    int Compared,
    int ComparedTokens,
    IReadOnlyList<int> Different,
    Spread FirstTokenMilliseconds,
    Spread TotalMilliseconds,
    double Seconds,
    double TokensPerSecond)
{
    /// <summary>Whether every request met what it deserved and gave the ids that it gives alone.</summary>
    public bool Passed => Undeserved.Count == 0 && Different.Count == 0 && Compared > 0;
}
