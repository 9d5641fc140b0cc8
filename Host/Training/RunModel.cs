using Verathos.GpuRuntime.Training;

namespace Verathos.Host.Training;

/// <summary>The model that a run starts from: a shape with weights drawn from a seed, or a model's files.</summary>
/// <param name="Shape">The shape; null where files are named.</param>
/// <param name="Seed">Seed of the weights.</param>
/// <param name="Path">A Hugging Face folder or a .gguf file, relative to the run's file; null where a shape is given.</param>
public sealed record RunModel(ModelShape? Shape, ulong? Seed, string? Path)
{
    internal IEnumerable<string> Problems()
    {
        if ((Shape is null) == (Path is null) || (Shape is null) != (Seed is null))
        {
            yield return "model must have either shape and seed, or path";
        }
    }
}
