namespace Verathos.Validator.Reports;

/// <summary>How one kind of check ended.</summary>
/// <param name="Name">"evidence", "receipt", "openings", "deep", or the name of a test.</param>
/// <param name="Passed">It held.</param>
/// <param name="Failed">It did not.</param>
/// <param name="Unavailable">The node did not answer.</param>
/// <param name="Lost">The node lost what it needs, within the budget.</param>
/// <param name="ValidatorError">The validator could not do its part.</param>
public sealed record CheckReport(string Name, int Passed, int Failed, int Unavailable, int Lost, int ValidatorError)
{
    /// <summary>All of them.</summary>
    public int Total => Passed + Failed + Unavailable + Lost + ValidatorError;
}
