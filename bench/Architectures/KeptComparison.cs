using Verathos.GpuRuntime.Compute;

namespace Verathos.Bench.Architectures;

/// <summary>Compares any profile with llama.cpp's kept answers, where llama.cpp is not: on a machine with a GPU, for example.</summary>
public static class KeptComparison
{
    /// <summary>Compares every case of a file whose name contains a text.</summary>
    /// <param name="path">The file, as <see cref="ReferenceGolden"/> writes it.</param>
    /// <param name="profile">The profile.</param>
    /// <param name="only">The text; all cases where null.</param>
    /// <param name="note">Told what is being done.</param>
    /// <param name="cancellationToken">Stops between cases.</param>
    public static KeptReport Run(string path, NumericProfile profile, string? only, Action<string> note, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(profile);
        ArgumentNullException.ThrowIfNull(note);
        ReferenceGolden.Document kept = ReferenceGolden.Read(path);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-kept-");
        try
        {
            List<KeptRow> rows = [];
            foreach (ReferenceGolden.Entry entry in kept.Cases.Where(c => only is null || c.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
            {
                cancellationToken.ThrowIfCancellationRequested();
                note($"comparing {entry.Name}");
                rows.Add(Compare(entry, kept.Seed, profile, Path.Combine(folder.FullName, entry.Name + ".gguf")));
            }

            return new KeptReport(profile.Identifier, kept.Peer, kept.Seed, rows);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static KeptRow Compare(ReferenceGolden.Entry entry, int seed, NumericProfile profile, string file)
    {
        ReferenceModel model = new(ReferenceCases.All.Single(c => c.Name == entry.Name), seed);
        model.WriteGguf(file);
        ReferenceRun run = ReferenceRun.Start(model, file);
        IReadOnlyList<IReadOnlyList<double>> own = run.Distributions(file, profile, entry.Ids);
        double difference = Math.Max(ReferenceRun.Difference(own[0], entry.First), ReferenceRun.Difference(own[^1], entry.Last));
        double fromF32 = run.Distributions(file, NumericProfile.F32, entry.Ids).Zip(own).Max(static pair => ReferenceRun.Difference(pair.First, pair.Second));
        int greedy = entry.Best.Zip(own).Count(static pair => pair.Second[pair.First] == pair.Second.Max());
        return new KeptRow(entry.Name, difference, model.Case.Tolerance, fromF32, greedy, own.Count);
    }
}
