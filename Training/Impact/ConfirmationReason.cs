namespace Verathos.Training.Impact;

/// <summary>Why a contribution's impact is measured exactly.</summary>
public enum ConfirmationReason
{
    /// <summary>It is not.</summary>
    None = 0,

    /// <summary>It lies above the median and three median absolute deviations.</summary>
    Outlier,

    /// <summary>It was drawn.</summary>
    Drawn,
}
