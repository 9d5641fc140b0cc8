using System.Text.Json;
using Verathos.Bench.Peers;
using Verathos.Bench.Statistics;
using Verathos.GpuRuntime.Compute;

namespace Verathos.Bench.Architectures;

/// <summary>Writes random models, asks llama.cpp and this engine about them, and compares.</summary>
public static class ReferenceBench
{
    /// <summary>The independent program.</summary>
    public const string Peer = "llama.cpp through node-llama-cpp 3.22.1, keys and values in F32";

    private static readonly JsonSerializerOptions s_web = new(JsonSerializerDefaults.Web);

    /// <summary>Compares every case whose name contains a text.</summary>
    /// <param name="seed">Chooses weights and prompts.</param>
    /// <param name="only">The text; all cases where null.</param>
    /// <param name="golden">Where llama.cpp's answers are kept for runs without it, or null.</param>
    /// <param name="note">Told what is being done.</param>
    /// <param name="cancellationToken">Stops between cases.</param>
    /// <exception cref="ReferenceException">node or its packages are not there, or failed.</exception>
    public static async Task<ReferenceReport> RunAsync(int seed, string? only, string? golden, Action<string> note, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(note);
        using ReferenceProcess process = ReferenceProcess.Start(ReferenceProcess.FindFolder(), "logits.mjs");
        string folder = Directory.CreateTempSubdirectory("verathos-reference-").FullName;
        try
        {
            List<ReferenceRow> rows = [];
            List<(ReferenceRun, IReadOnlyList<ReferenceAnswer>)> answered = [];
            foreach (ReferenceCase reference in ReferenceCases.All.Where(c => only is null || c.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
            {
                cancellationToken.ThrowIfCancellationRequested();
                note($"comparing {reference.Name}");
                string file = Path.Combine(folder, reference.Name + ".gguf");
                string directory = Path.Combine(folder, reference.Name);
                ReferenceModel model = new(reference, seed);
                model.WriteGguf(file);
                model.WriteFolder(directory);
                ReferenceRun run = ReferenceRun.Start(model, file);
                IReadOnlyList<ReferenceAnswer> answers = await AskAsync(process, run, file, cancellationToken).ConfigureAwait(false);
                rows.Add(run.Compare(
                    answers,
                    run.Differences(directory, NumericProfile.F32).Max(),
                    Median(run.Differences(file, NumericProfile.Bf16)),
                    Median(run.Differences(file, NumericProfile.Bf16Lane16))));
                answered.Add((run, answers));
                Directory.Delete(directory, recursive: true);
            }

            if (golden is not null)
            {
                ReferenceGolden.Write(golden, seed, answered);
            }

            return new ReferenceReport(seed, Peer, rows);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Median(IReadOnlyList<double> values) => Spread.Of(values).Median;

    /// <summary>Asks once, or once for each position where only the last ids may be seen.</summary>
    private static async Task<IReadOnlyList<ReferenceAnswer>> AskAsync(ReferenceProcess process, ReferenceRun run, string file, CancellationToken cancellationToken)
    {
        int[] ids = [.. run.Ids.SkipLast(1)];
        if (!run.Model.Case.WindowByHand)
        {
            return await AskAsync(process, file, ids, run.Positions, cancellationToken).ConfigureAwait(false);
        }

        int window = run.Model.Case.Config.SlidingWindow;
        List<ReferenceAnswer> answers = [];
        foreach (int at in run.Positions)
        {
            IReadOnlyList<ReferenceAnswer> one = await AskAsync(process, file, ids[(at + 1 - window)..(at + 1)], [window - 1], cancellationToken).ConfigureAwait(false);
            answers.Add(one[0] with { At = at });
        }

        return answers;
    }

    private static async Task<IReadOnlyList<ReferenceAnswer>> AskAsync(ReferenceProcess process, string file, IReadOnlyList<int> ids, IReadOnlyList<int> at, CancellationToken cancellationToken)
    {
        JsonElement answer = await process.AskAsync(new { model = file, ids, at }, cancellationToken).ConfigureAwait(false);
        return answer.GetProperty("answers").Deserialize<ReferenceAnswer[]>(s_web)!;
    }
}
