using Verathos.GpuRuntime.Models;

namespace Verathos.Host.Doctor;

/// <summary>Whether a model fits into a machine's memory. An estimate from sizes; nothing is loaded.</summary>
/// <param name="Model">The model, or the shape that stands for its like.</param>
/// <param name="NeededBytes">Weights and the copy of their files while they are prepared, working memory, and keys and values; of the usual sizes a rough sum.</param>
/// <param name="Fits">Whether that is at most the free memory.</param>
public sealed record ModelFit(string Model, long NeededBytes, bool Fits)
{
    private const long Working = 1L << 30;

    private static readonly (string Name, long Parameters)[] Shapes =
    [
        ("1M parameters (the demonstration model)", 1_000_000),
        ("135M parameters (SmolLM2-135M)", 135_000_000),
        ("1.1B parameters (TinyLlama)", 1_100_000_000),
        ("3B parameters (Llama-3.2-3B)", 3_200_000_000),
        ("8B parameters (Llama-3.1-8B)", 8_000_000_000),
        ("70B parameters (Llama-3.1-70B)", 70_600_000_000),
    ];

    /// <summary>The usual sizes at two bytes a parameter.</summary>
    public static IReadOnlyList<ModelFit> Usual(long available) =>
        [.. Shapes.Select(shape => Of(shape.Name, shape.Parameters * 2, available))];

    /// <summary>Models on disk, folders or files: each by itself, and where there are several, all of them in one node.</summary>
    public static IReadOnlyList<ModelFit> OfPaths(IEnumerable<string> paths, long available)
    {
        ModelFootprint[] footprints = [.. paths.Select(static path => ModelFootprint.Of(path, new LoadOptions()))];
        List<ModelFit> fits = [.. footprints.Select(footprint => Of(footprint.Name, [footprint], available))];
        if (footprints.Length > 1)
        {
            fits.Add(Of("all of them in one node", footprints, available));
        }

        return fits;
    }

    private static ModelFit Of(string name, IReadOnlyList<ModelFootprint> footprints, long available)
    {
        long needed = MemoryPlan.Needed(footprints);
        return new ModelFit(name, needed, needed <= available);
    }

    private static ModelFit Of(string name, long weights, long available)
    {
        long needed = (2 * weights) + Working;
        return new ModelFit(name, needed, needed <= available);
    }
}
