using Verathos.Bench.Statistics;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Engine;

/// <summary>
/// Profiles of the engine beside Hugging Face's transformers on PyTorch, both on a GPU where the first profile is one of CUDA: the measures
/// of <see cref="EngineBench"/> on a random model of SmolLM2-135M's shape in bfloat16, which all read from the same folder.
/// </summary>
public static class TransformersBench
{
    private const int Seed = 1;
    private const int Context = 1024;

    /// <summary>Measures everything.</summary>
    /// <param name="options">How long, and with how many threads.</param>
    /// <param name="profiles">The profiles; leads are the first one's.</param>
    /// <param name="types">The peer's types of weights: bfloat16, float32.</param>
    /// <param name="cancellationToken">Stops between rounds.</param>
    /// <exception cref="Peers.ReferenceException">transformers is not installed, or a contestant failed.</exception>
    public static async Task<EngineReport> RunAsync(
        EngineBenchOptions options, IReadOnlyList<NumericProfile> profiles, IReadOnlyList<string> types, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(profiles);
        ArgumentNullException.ThrowIfNull(types);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-transformers-");
        List<EngineContestant> contestants = [];
        try
        {
            options.Progress?.Invoke("writing the model");
            string file = Path.Combine(folder.FullName, "random.gguf");
            string path = Path.Combine(folder.FullName, "random");
            RandomGguf.Write(file, RandomModel.SmolLm2Shape, Seed, TensorType.BF16);
            ModelConverter.Convert(file, path, cancellationToken);
            bool cuda = profiles[0].Name.EndsWith("-cuda", StringComparison.Ordinal);
            foreach (NumericProfile profile in profiles)
            {
                options.Progress?.Invoke($"loading in {profile}");
                contestants.Add(await EngineContestant.StartOwnAsync(options, $"verathos {profile}", path, Context, profile.Name, false, cancellationToken).ConfigureAwait(false));
            }

            foreach (string type in types)
            {
                options.Progress?.Invoke($"loading transformers in {type}");
                contestants.Add(await EngineContestant.StartTransformersAsync(options, $"transformers {type}", path, type, cuda, cancellationToken).ConfigureAwait(false));
            }

            List<EngineRow> rows = [];
            foreach (EngineWorkload workload in EngineWorkload.All(Context))
            {
                List<double>[] figures = await EngineBench.MeasureAsync(options, $"{workload.Measure}", workload, [.. contestants], RandomModel.SmolLm2Shape.VocabularySize, cancellationToken).ConfigureAwait(false);
                rows.AddRange(Rows(workload.Measure, contestants, figures));
            }

            rows.AddRange(Rows(EngineMeasure.PeakMemory, contestants, [.. contestants.Select(static c => new List<double> { c.PeakMegabytes })]));
            if (cuda && contestants.TrueForAll(static c => c.DeviceMegabytes is not null))
            {
                rows.AddRange(Rows(EngineMeasure.DeviceMemory, contestants, [.. contestants.Select(static c => new List<double> { c.DeviceMegabytes!.Value })]));
            }

            return new EngineReport(Environment.ProcessorCount, options.Threads, NumericProfile.InstructionSet, profiles[0].Identifier, rows, []);
        }
        finally
        {
            contestants.ForEach(static contestant => contestant.Dispose());
            folder.Delete(recursive: true);
        }
    }

    private static IEnumerable<EngineRow> Rows(EngineMeasure measure, List<EngineContestant> contestants, List<double>[] figures) =>
        contestants.Select((contestant, i) => new EngineRow(
            "random, SmolLM2-135M's shape, bf16",
            measure,
            contestant.Name,
            Spread.Of(figures[i]),
            i == 0 ? null : EngineBench.Lead(measure, figures[0], figures[i])));
}
