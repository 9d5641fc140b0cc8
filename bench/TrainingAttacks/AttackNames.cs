using Verathos.Training.Aggregation;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>What the bench's cells are called.</summary>
public static class AttackNames
{
    /// <summary>No attack.</summary>
    public const string None = "none";

    /// <summary>The aggregator that stands for the whole judge.</summary>
    public const string Default = "default";

    /// <summary>The attacks, with what bad workers do.</summary>
    public static IReadOnlyList<(string Name, string What)> Attacks { get; } =
    [
        ("sign-flip", "their own gradient turned around"),
        ("scaling", "their own gradient times 100"),
        ("noise", "normal noise with the honest tensors' norms"),
        ("alie", "the honest mean plus 1.5 honest standard deviations, all of them the same"),
        ("alie-varied", "the honest mean less 1.5 deviations in its own direction, with honest norms, each of them sending other coordinates"),
        ("ipm", "the honest mean times -0.5, all of them the same"),
        ("ipm-varied", "the honest mean turned around, with honest norms, each of them sending other coordinates"),
        ("drift", "half their own gradient and a fixed direction as long as it, with honest norms"),
        ("backdoor", "honest work on their documents with a trigger in them, after which one token always follows"),
        ("copycat", "an honest contribution as it is"),
        ("copycat-moved", "an honest contribution with 60 % of its indices moved and its values changed by up to 10 %"),
        ("free-rider", "the last round's public aggregate, each of them other coordinates of it, with noise and with honest norms"),
    ];

    /// <summary>The attacks of which hardly anything may be earned.</summary>
    public static IReadOnlyList<string> Idle { get; } = ["copycat", "copycat-moved", "free-rider"];

    /// <summary>The aggregators; the first is the whole judge.</summary>
    public static IReadOnlyList<(string Name, AggregationRule Rule)> Aggregators { get; } =
    [
        (Default, AggregationRule.TrustedClip),
        ("mean", AggregationRule.Mean),
        ("median", AggregationRule.CoordinateMedian),
        ("trimmed-mean", AggregationRule.TrimmedMean),
        ("geometric-median", AggregationRule.GeometricMedian),
        ("krum", AggregationRule.Krum),
        ("multi-krum", AggregationRule.MultiKrum),
        ("bulyan", AggregationRule.Bulyan),
        ("centered-clip", AggregationRule.CenteredClip),
        ("fltrust", AggregationRule.FlTrust),
    ];
}
