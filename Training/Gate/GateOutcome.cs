namespace Verathos.Training.Gate;

/// <summary>What the gate found, the first of it in this order.</summary>
public enum GateOutcome
{
    /// <summary>Nothing was looked at: not accepted.</summary>
    NotJudged = 0,

    /// <summary>Nothing is wrong.</summary>
    Accepted,

    /// <summary>The bytes are no gradient of the layout.</summary>
    Malformed,

    /// <summary>A value is NaN or infinite.</summary>
    NotFinite,

    /// <summary>An index points behind the end of its chunk.</summary>
    IndexOutOfBounds,

    /// <summary>An index is there twice, or out of order.</summary>
    IndexRepeated,

    /// <summary>The record names other documents than those that the beacon assigned.</summary>
    ShardRoot,

    /// <summary>There are too few contributions to compare with.</summary>
    TooFewPeers,

    /// <summary>A tensor, or the whole, is much longer or shorter than in most contributions.</summary>
    Norm,

    /// <summary>It points against where the model has been going.</summary>
    AgainstMomentum,

    /// <summary>Its values are another contribution's, in which there are more of that one's documents.</summary>
    PeerValues,

    /// <summary>Its indices are another contribution's, in which there are more of that one's documents.</summary>
    PeerIndices,
}
