using System.Globalization;
using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Models;

/// <summary>Says whether models fit a machine together, before memory is taken for any of them.</summary>
public static class MemoryPlan
{
    /// <summary>What the program itself takes beside its models as it works.</summary>
    public const long ProgramBytes = 64L << 20;

    /// <summary>The most bytes that are needed at once: models are loaded one after another, each beside the private copy of its files.</summary>
    /// <param name="models">In the order in which they are loaded.</param>
    /// <param name="kvBytes">Memory for keys and values of all requests; one request of each model where not given.</param>
    public static long Needed(IReadOnlyList<ModelFootprint> models, long? kvBytes = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        long held = ProgramBytes;
        long most = 0;
        foreach (ModelFootprint model in models)
        {
            held += model.WeightBytes + model.ScratchBytes;
            most = Math.Max(most, held + model.FileBytes);
        }

        return Math.Max(most, held + (kvBytes ?? models.Sum(static model => model.KvBytes)));
    }

    /// <summary>Finds what does not fit.</summary>
    /// <param name="models">In the order in which they are loaded.</param>
    /// <param name="kvBytes">Memory for keys and values of all requests; one request of each model where not given.</param>
    /// <param name="memory">What there is.</param>
    /// <returns>Null where everything fits; else a sentence that names the model and the sizes.</returns>
    public static string? Find(IReadOnlyList<ModelFootprint> models, long? kvBytes, MachineMemory memory)
    {
        ArgumentNullException.ThrowIfNull(models);
        for (int i = 1; i <= models.Count; i++)
        {
            ModelFootprint[] first = [.. models.Take(i)];
            long needed = Needed(first, i == models.Count ? kvBytes : null);
            if (needed > memory.Free)
            {
                ModelFootprint model = first[^1];
                long before = Needed(first[..^1], 0);
                string others = i == 1 ? "" : $", beside {Size(before)} for {string.Join(", ", first[..^1].Select(static other => other.Name))}";
                return $"the model {model.Name} does not fit: it takes {Size(model.WeightBytes)} of weights, {Size(model.FileBytes)} for its files while they are prepared, " +
                    $"{Size(model.ScratchBytes)} of working memory and {Size(i == models.Count && kvBytes is { } kv ? kv : model.KvBytes)} for keys and values{others}; " +
                    $"{Size(needed)} are needed and {Size(memory.Free)} are free ({memory.Bound})";
            }
        }

        return null;
    }

    private static string Size(long bytes) => bytes >= 10L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):F1} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):F1} MiB");
}
