namespace Verathos.Training.Aggregation;

/// <summary>How contributions become one update. A coordinate that a contribution does not keep counts as 0 in all of them.</summary>
public enum AggregationRule
{
    /// <summary>
    /// The default: FLTrust's weights, then centred clipping around the previous aggregate, divided by the total weight and never by the
    /// number of contributors to a coordinate.
    /// </summary>
    TrustedClip = 0,

    /// <summary>The arithmetic mean.</summary>
    Mean,

    /// <summary>The median of each coordinate.</summary>
    CoordinateMedian,

    /// <summary>The mean of each coordinate without the f smallest and f greatest values.</summary>
    TrimmedMean,

    /// <summary>Weiszfeld's smoothed iteration towards the point with the least sum of distances.</summary>
    GeometricMedian,

    /// <summary>The contribution with the least sum of the n - f - 2 nearest squared distances (Blanchard and others, 2017).</summary>
    Krum,

    /// <summary>The mean of the n - f best by Krum's score.</summary>
    MultiKrum,

    /// <summary>n - 2f contributions chosen by Krum one after another, then the mean of the values nearest to each median (El Mhamdi and others, 2018).</summary>
    Bulyan,

    /// <summary>v += (1/n) sum of (x - v) min(1, radius / |x - v|), from the previous aggregate (Karimireddy and others, 2021).</summary>
    CenteredClip,

    /// <summary>The mean by ReLU(cosine to a trusted gradient), each contribution scaled to that gradient's norm (Cao and others, 2021).</summary>
    FlTrust,
}
