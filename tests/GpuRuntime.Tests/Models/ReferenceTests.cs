using Verathos.Bench.Architectures;
using Verathos.Bench.Peers;
using Verathos.GpuRuntime.Compute;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Models;

/// <summary>
/// Small random models of every architecture and stored type beside llama.cpp. What it said is kept in Goldens/reference.json,
/// which <c>verathos bench reference --seed 1 --golden tests/GpuRuntime.Tests/Goldens/reference.json</c> writes anew.
/// </summary>
public sealed class ReferenceTests : IDisposable
{
    private static readonly ReferenceGolden.Document Golden =
        ReferenceGolden.Read(Path.Combine(Vectors.RepositoryRoot, "tests", "GpuRuntime.Tests", "Goldens", "reference.json"));

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;

    public static TheoryData<string> Names => [.. ReferenceCases.All.Select(c => c.Name)];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void EqualsWhatLlamaCppSaid(string name)
    {
        ReferenceGolden.Entry golden = Golden.Cases.Single(c => c.Name == name);
        ReferenceModel model = new(ReferenceCases.All.Single(c => c.Name == name), Golden.Seed);
        string file = Path.Combine(_folder, "model.gguf");
        model.WriteGguf(file);
        model.WriteFolder(Path.Combine(_folder, "model"));
        ReferenceRun run = ReferenceRun.Start(model, file);
        Assert.Equal(golden.Ids, run.Ids);
        Assert.InRange(ReferenceRun.Difference(run.LogProbabilities[0], golden.First), 0, model.Case.Tolerance);
        Assert.InRange(ReferenceRun.Difference(run.LogProbabilities[^1], golden.Last), 0, model.Case.Tolerance);
        for (int i = 0; i < golden.Best.Count; i++)
        {
            IReadOnlyList<double> own = run.LogProbabilities[i];
            Assert.InRange(own.Max() - own[golden.Best[i]], 0, 2 * model.Case.Tolerance);
        }

        Assert.InRange(run.Differences(Path.Combine(_folder, "model"), NumericProfile.F32).Max(), 0, ReferenceRow.FolderTolerance);
    }

    [Fact]
    public void KeptAnswersAreComparedWithAnyProfile()
    {
        string path = Path.Combine(Vectors.RepositoryRoot, "tests", "GpuRuntime.Tests", "Goldens", "reference.json");
        KeptReport exact = KeptComparison.Run(path, NumericProfile.F32, "qwen3", _ => { }, TestContext.Current.CancellationToken);
        Assert.Equal(["qwen3", "qwen3moe"], exact.Rows.Select(static row => row.Name));
        Assert.True(exact.Within);
        Assert.All(exact.Rows, static row => Assert.Equal((0, row.Positions), (row.FromF32, row.Greedy)));
        KeptReport rounded = KeptComparison.Run(path, NumericProfile.Bf16Lane16, "qwen3", _ => { }, TestContext.Current.CancellationToken);
        Assert.False(rounded.Within);
        Assert.All(rounded.Rows, static row => Assert.InRange(row.FromF32, 1e-3, 1));
    }

    [Fact]
    public async Task EqualsWhatLlamaCppSaysOfAFreshSeed()
    {
        try
        {
            ReferenceProcess.FindFolder();
        }
        catch (ReferenceException e)
        {
            Assert.Skip(e.Message);
        }

        int seed = Environment.TickCount & 0xffffff;
        ReferenceReport report = await ReferenceBench.RunAsync(seed, "qwen3", null, _ => { }, TestContext.Current.CancellationToken);
        Assert.True(report.Passed, string.Join("; ", report.Rows.Prepend<object>($"seed {seed}")));
    }
}
