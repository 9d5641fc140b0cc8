namespace Verathos.Validator.Scores;

/// <summary>Names of what a score is made of, as reports show them.</summary>
public static class ScoreFactors
{
    /// <summary>The share of answered tokens that were verified.</summary>
    public const string Tokens = "score.tokens";

    /// <summary>Time to the first token against the model's median.</summary>
    public const string Latency = "score.latency";

    /// <summary>Tokens a second against the model's median.</summary>
    public const string Throughput = "score.throughput";

    /// <summary>Age of the evidence.</summary>
    public const string Evidence = "score.evidence-age";

    /// <summary>The share of challenges and canaries that were answered.</summary>
    public const string Availability = "score.availability";

    /// <summary>Quarantine, probation, a ban.</summary>
    public const string Standing = "score.standing";

    /// <summary>Nothing was asked, so that there is nothing to score.</summary>
    public const string Unasked = "score.unasked";
}
