namespace Verathos.Training.Judging;

/// <summary>Why a contribution does not move the model, the first of it in this order.</summary>
public enum Exclusion
{
    /// <summary>It was not judged, so it does not.</summary>
    NotJudged = 0,

    /// <summary>Nothing: it moves the model.</summary>
    None,

    /// <summary>The gate refused it.</summary>
    Gate,

    /// <summary>It promised too much by the first order, and the exact loss did not fall and lacked much more of the promise than an ordinary contribution's, or could not be measured.</summary>
    Exact,

    /// <summary>The first order promises no fall.</summary>
    Promise,

    /// <summary>Over many rounds its worker's contributions had nothing of the worker's own documents.</summary>
    Gap,

    /// <summary>Over many rounds its worker improved the model by much less than the others did.</summary>
    Rating,
}
