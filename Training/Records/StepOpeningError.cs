namespace Verathos.Training.Records;

/// <summary>Why an opened step is not the record's; the first that is found.</summary>
public enum StepOpeningError
{
    /// <summary>Nothing was checked: not the record's.</summary>
    NotChecked = 0,

    /// <summary>It is.</summary>
    None,

    /// <summary>The record has no step of this number.</summary>
    Number,

    /// <summary>The loss is not the one that the record gives.</summary>
    Loss,

    /// <summary>The first step started from other weights than the record's.</summary>
    BaseModel,

    /// <summary>The proof does not lead from the step to the record's root.</summary>
    Path,
}
