namespace Verathos.Validator.Scores;

/// <summary>Whose fault it is that a check did not pass. The default is the node's: what is not known to be the validator's is.</summary>
public enum FaultOf
{
    /// <summary>The node's: a proof that is wrong, malformed, missing or late.</summary>
    Node,

    /// <summary>The validator's own: its network, its keys, its state. It counts neither for the node nor against it.</summary>
    Validator,
}
