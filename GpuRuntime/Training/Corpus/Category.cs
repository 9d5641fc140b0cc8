namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>Subjects of the closed world of questions.</summary>
public enum Category
{
    /// <summary>Sums of two whole numbers with a result of at most 20.</summary>
    Sums,

    /// <summary>Capitals of countries.</summary>
    Capitals,

    /// <summary>Opposites of everyday words.</summary>
    Opposites,

    /// <summary>Colours of everyday things.</summary>
    Colours,

    /// <summary>The number before or after, and counting up or down.</summary>
    Counting,
}
