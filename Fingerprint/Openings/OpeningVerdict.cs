using Verathos.Fingerprint.Keys;

namespace Verathos.Fingerprint.Openings;

/// <summary>A judge's verdict; the default is a rejection. Beyond pass or fail nothing of it may reach the node.</summary>
public readonly record struct OpeningVerdict
{
    /// <summary>Whether every check passed.</summary>
    public bool IsAccepted { get; private init; }

    /// <summary>The first check that failed; meaningless where the opening is accepted.</summary>
    public OpeningCheck Failed { get; private init; }

    /// <summary>What was measured of matrices before the verdict, in the order of the checks; for calibration.</summary>
    public IReadOnlyList<(OpeningCheck Check, MatrixJudgement Judgement)> Measured { get => field ?? []; private init; }

    internal static OpeningVerdict Accept(IReadOnlyList<(OpeningCheck Check, MatrixJudgement Judgement)> measured) => new() { IsAccepted = true, Measured = measured };

    internal static OpeningVerdict Reject(OpeningCheck check, IReadOnlyList<(OpeningCheck Check, MatrixJudgement Judgement)> measured) => new() { Failed = check, Measured = measured };

    /// <summary>"accepted", or the check that failed.</summary>
    public override string ToString() => IsAccepted ? "accepted" : Failed.ToString();
}
