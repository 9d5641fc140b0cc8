using Verathos.Bench.Statistics;

namespace Verathos.Bench.TrainingImpact;

/// <summary>What the bench measured.</summary>
/// <param name="Tokens">Held-out tokens.</param>
/// <param name="Rows">Seeds and rounds.</param>
/// <param name="ExactMilliseconds">One peer's exact loss: a forward pass over the held-out tokens.</param>
/// <param name="GradientMilliseconds">The one backward pass that serves all peers.</param>
/// <param name="PeerMilliseconds">One peer's share of clipping, and its sparse product.</param>
public sealed record ImpactReport(int Tokens, IReadOnlyList<ImpactRow> Rows, Spread ExactMilliseconds, Spread GradientMilliseconds, Spread PeerMilliseconds)
{
    /// <summary>The least rank correlation among honest workers at 0.2 of the step.</summary>
    public const double LeastCorrelation = 0.9;

    /// <summary>How many times cheaper a peer has to be.</summary>
    public const double LeastRatio = 20;

    /// <summary>How many times cheaper a further peer is.</summary>
    public double PeerRatio => ExactMilliseconds.Median / PeerMilliseconds.Median;

    /// <summary>How many times cheaper peers are with the backward pass spread over so many of them.</summary>
    public double RatioOf(int peers) => ExactMilliseconds.Median / (PeerMilliseconds.Median + (GradientMilliseconds.Median / peers));

    /// <summary>Peers from which that is at least <see cref="LeastRatio"/>; null where it never is.</summary>
    public int? PeersNeeded
    {
        get
        {
            double left = (ExactMilliseconds.Median / LeastRatio) - PeerMilliseconds.Median;
            return left > 0 ? (int)Math.Ceiling(GradientMilliseconds.Median / left) : null;
        }
    }

    /// <summary>Whether the aims are met.</summary>
    public bool Holds => Rows.All(row => row.Honest >= LeastCorrelation) && PeerRatio >= LeastRatio;
}
