namespace Verathos.Training.Records;

/// <summary>Why records are not one worker's chain; the first that is found.</summary>
public enum RecordChainError
{
    /// <summary>Nothing was checked: not a chain.</summary>
    NotChecked = 0,

    /// <summary>They are.</summary>
    None,

    /// <summary>There is no record.</summary>
    Empty,

    /// <summary>A record is malformed, or its signature is not the keyset's.</summary>
    Record,

    /// <summary>A record names another keyset or boot id than the one it came with.</summary>
    Keyset,

    /// <summary>A record was signed outside its keyset's validity.</summary>
    Validity,

    /// <summary>The records are of more than one worker.</summary>
    Worker,

    /// <summary>The first record is not number 1, or one does not follow the number before.</summary>
    Counter,

    /// <summary>A record does not name the digest of the one before.</summary>
    Previous,

    /// <summary>A round is not later than the one before.</summary>
    Round,

    /// <summary>A record was signed before the one before it.</summary>
    Time,

    /// <summary>The numeric profile changes.</summary>
    Profile,

    /// <summary>A round started from another model than the one known for it, or from one that is not known.</summary>
    BaseModel,

    /// <summary>A record was trained on other documents than the beacon assigned.</summary>
    Shard,
}
