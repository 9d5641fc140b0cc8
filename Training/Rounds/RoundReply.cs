namespace Verathos.Training.Rounds;

/// <summary>What a member is told.</summary>
public enum RoundReply
{
    /// <summary>Nothing was decided: not taken.</summary>
    None = 0,

    /// <summary>Taken, and kept.</summary>
    Taken,

    /// <summary>The same was taken before.</summary>
    TakenBefore,

    /// <summary>The worker is no member.</summary>
    NotAMember,

    /// <summary>Commitments are still being taken.</summary>
    TooEarly,

    /// <summary>The phase is over.</summary>
    TooLate,

    /// <summary>A commitment does not have 32 bytes.</summary>
    Malformed,

    /// <summary>Another commitment, or another reveal, was taken from this worker before.</summary>
    Conflict,

    /// <summary>The worker did not commit.</summary>
    NotCommitted,

    /// <summary>What is sent has more bytes, or more parts, than it may have.</summary>
    TooLarge,

    /// <summary>Record and salt are not what was committed to.</summary>
    Commitment,

    /// <summary>The record is malformed, or its signature is not the keyset's.</summary>
    Record,

    /// <summary>The record names another keyset, or was signed outside its validity.</summary>
    Keyset,

    /// <summary>The record is another worker's.</summary>
    Worker,

    /// <summary>The record is of another round.</summary>
    Round,

    /// <summary>The record does not follow the worker's last one.</summary>
    Chain,

    /// <summary>The record started from another model.</summary>
    BaseModel,

    /// <summary>The record names another beacon value.</summary>
    Beacon,

    /// <summary>The record is of another numeric profile.</summary>
    Profile,

    /// <summary>The gradient is not sealed to exactly the round's validators.</summary>
    Seal,

    /// <summary>Who speaks is none of the round's validators.</summary>
    NotAValidator,

    /// <summary>The outcome is malformed, or its signature is not the validator's.</summary>
    Statement,

    /// <summary>The outcome is of another training run.</summary>
    Run,

    /// <summary>The outcome does not follow the last one that counted.</summary>
    OutcomeChain,

    /// <summary>The outcome is about other contributions than those that came.</summary>
    Result,

    /// <summary>The outcome does not have one verdict for each contribution.</summary>
    Verdicts,

    /// <summary>The aggregate is not the one whose root the outcome names, or no aggregate at all.</summary>
    Aggregate,

    /// <summary>The request is not signed by the key of the worker for whom it speaks, or is over something else.</summary>
    Request,

    /// <summary>The model to which the aggregate leads is not the one whose root the outcome names.</summary>
    NextModel,
}
