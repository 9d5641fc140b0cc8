using System.Text;
using Verathos.Host.Drills;
using Verathos.Testing;

namespace Verathos.Drills.Tests.Removal;

/// <summary>The page on drills lists exactly the drills that there are.</summary>
public sealed class DocumentTests
{
    private const string Begin = "<!-- drills: made by `VERATHOS_WRITE_DOCS=1` and DocumentTests -->\n";
    private const string End = "<!-- end -->";

    [Fact]
    public void The_page_lists_every_drill()
    {
        string path = Path.Combine(Vectors.RepositoryRoot, "docs", "drills.md");
        string page = File.ReadAllText(path);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = page.IndexOf(End, StringComparison.Ordinal);
        string made = page[..begin] + Table() + page[end..];
        if (Environment.GetEnvironmentVariable("VERATHOS_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(path, made);
        else
            Assert.True(made == page, "docs/drills.md does not list the drills as they are; write it with VERATHOS_WRITE_DOCS=1");
    }

    private static string Table()
    {
        StringBuilder table = new();
        table.Append('\n').Append(DrillCatalogue.All.Count).Append(" attacks. \"alone\" needs a node of the drill's own, \"hardware\" the keys of the simulated vendors.\n");
        foreach ((string title, IReadOnlyList<Drill> drills) in DrillCatalogue.Groups)
        {
            table.Append("\n### ").Append(title).Append("\n\n| attack | what the attacker does | must fall to | needs | from |\n|---|---|---|---|---|\n");
            foreach (Drill drill in drills)
            {
                string layers = drill.Layers.Count == 0 ? "" : $"; besides by {string.Join(", ", drill.Layers.Select(layer => $"`{layer}`"))}";
                string needs = drill.Needs switch { DrillNeeds.Hardware => "hardware", DrillNeeds.OwnNode => "alone", _ => "" };
                table.Append($"| `{drill.Name}` | {drill.Attack} | `{drill.Expected}`{layers} | {needs} | {drill.Source} |\n");
            }
        }

        return table.Append('\n').ToString();
    }
}
