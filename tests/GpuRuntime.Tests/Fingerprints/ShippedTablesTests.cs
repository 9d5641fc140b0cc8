using System.Text;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Statistics;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Fingerprints;

/// <summary>The gate of every table that ships: no honest condition may have an expected ratio above one.</summary>
public class ShippedTablesTests
{
    private static readonly string Folder = Path.Combine(Vectors.RepositoryRoot, "policies", "fingerprints");

    [Fact]
    public void EveryShippedTablePassesTheGate()
    {
        LikelihoodTables tables = Read();
        Assert.NotEmpty(tables.Tables);
        foreach (LikelihoodTable table in tables.Tables)
        {
            string name = $"{table.Test} of {table.ManifestRoot} in {table.Profile}";
            Assert.True(table.PassesGate, name);
            Assert.Equal(TestOutcomes.Count, table.WeightsMicro.Count);
            foreach (IReadOnlyList<long> counts in table.HonestCounts)
            {
                // The gate once more in binary64, from its definition.
                double expected = counts.Select((count, outcome) => (count + 1) / (double)(counts.Sum() + counts.Count) * Math.Exp(table.WeightsMicro[outcome] / 1e6)).Sum();
                Assert.True(expected <= 1 + 1e-9, name);
                Assert.True(counts.Sum() >= 6, name);
            }

            Assert.Equal(table.WeightsMicro.Order(), table.WeightsMicro);

            // The farthest outcome speaks against a node, the nearest for it.
            Assert.True(table.WeightsMicro[^1] > 0, name);
            Assert.True(table.WeightsMicro[0] <= 0, name);
        }
    }

    /// <summary>A table whose commonest honest outcome weighs against the node is refused, and with it the file.</summary>
    [Fact]
    public void ATableThatLetsHonestNodesDriftUpIsRefused()
    {
        LikelihoodTables tables = Read();
        for (int i = 0; i < tables.Tables.Count; i++)
        {
            LikelihoodTable table = tables.Tables[i];
            int commonest = table.HonestCounts[0].Select((count, outcome) => (count, outcome)).Max().outcome;
            LikelihoodTable drifting = table with { WeightsMicro = [.. table.WeightsMicro.Select((weight, outcome) => outcome == commonest ? 1_000_000 : weight)] };
            Assert.False(drifting.PassesGate);
            Assert.False(LikelihoodTables.TryParse(new LikelihoodTables([.. tables.Tables.Select(one => one == table ? drifting : one)]).ToJson(), out _, out string? error));
            Assert.Contains("drift", error, StringComparison.Ordinal);
        }
    }

    /// <summary>The demonstration model has limits and tables of every test, for exact replays and for those in binary32.</summary>
    [Fact]
    public void TheDemonstrationModelHasLimitsAndTables()
    {
        Assert.True(LimitTable.TryParse(File.ReadAllBytes(Path.Combine(Folder, "limits.json")), out LimitTable? limits, out string? error), error);
        LikelihoodTables tables = Read();
        using LoadedModel model = ModelLoader.Load(Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny"), new LoadOptions { Threads = 1 }, null, TestContext.Current.CancellationToken);
        foreach (NumericProfile profile in (NumericProfile[])[NumericProfile.Served, NumericProfile.F32])
        {
            string seen = ReplayModel.Seen(profile);
            Assert.True(limits.TryFind(model.Manifest.Root, seen, out ModelLimits? found), seen);
            Assert.Equal(profile == NumericProfile.Served, found.Toploc.MeanHundredths == 0);
            Assert.All(found.Layer.Matrices.Append(found.Logits), static matrix => Assert.Equal(0, matrix.RowMismatches));
            foreach (string test in (IEnumerable<string>)[TestOutcomes.Toploc, TestOutcomes.Margin, .. found.Sketches.Billionths.Keys.Select(TestOutcomes.Sketch)])
            {
                Assert.True(tables.TryFind(model.Manifest.Root, seen, test, out _), test);
            }
        }
    }

    private static LikelihoodTables Read()
    {
        byte[] json = File.ReadAllBytes(Path.Combine(Folder, "likelihoods.json"));
        Assert.True(LikelihoodTables.TryParse(json, out LikelihoodTables? tables, out string? error), error);
        Assert.DoesNotContain("NaN", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
        return tables;
    }
}
