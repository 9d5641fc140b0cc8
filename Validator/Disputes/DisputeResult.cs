namespace Verathos.Validator.Disputes;

/// <summary>What a second validator found.</summary>
public enum DisputeResult
{
    /// <summary>The whole answer, computed again, has the commitment that the receipt names: the node computed what it says.</summary>
    NodeIsRight,

    /// <summary>The node departs at the step and layer that are named, or cannot show steps that lead to its own receipt.</summary>
    NodeIsWrong,

    /// <summary>The commitments differ, and the node shows no steps any more: where it departs cannot be said.</summary>
    NotBisected,
}
