namespace Verathos.Bench.Templates;

/// <summary>Everything that the templates' bench found.</summary>
/// <param name="Seed">Chose the conversations.</param>
/// <param name="Templates">One row for each template.</param>
/// <param name="Skipped">What could not be compared, and why.</param>
public sealed record TemplateReport(int Seed, IReadOnlyList<TemplateRow> Templates, IReadOnlyList<string> Skipped)
{
    /// <summary>Whether nothing differs anywhere.</summary>
    public bool Holds => Templates.Count > 0 && Templates.All(static t => t.Holds);
}
