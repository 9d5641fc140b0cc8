using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// How the trained tensors lie in one flat vector, each row by row, one after another: those of a model in the order of
/// <see cref="ModelTensors.Expected"/>, or those of its adapters, for each target in that order first A, then B. A vector counts as one row.
/// </summary>
public sealed class ParameterLayout
{
    private readonly int[] _offsets;
    private readonly bool[] _vectors;

    private ParameterLayout(IEnumerable<(string Name, long[] Shape)> tensors)
    {
        (string Name, long[] Shape)[] all = [.. tensors];
        if (all.Sum(static tensor => tensor.Shape.Aggregate(1L, static (a, b) => a * b)) > int.MaxValue / 2)
        {
            throw new TrainingException("The model has more than 2^30 weights; training takes no more.");
        }

        Tensors = [.. all.Select(static tensor => (tensor.Name, tensor.Shape.Length == 1 ? 1 : (int)tensor.Shape[0], (int)tensor.Shape[^1]))];
        _vectors = [.. all.Select(static tensor => tensor.Shape.Length == 1)];
        _offsets = new int[all.Length + 1];
        for (int i = 0; i < all.Length; i++)
        {
            _offsets[i + 1] = _offsets[i] + (Tensors[i].Rows * Tensors[i].Columns);
        }
    }

    /// <summary>The tensors in their order.</summary>
    public IReadOnlyList<(string Name, int Rows, int Columns)> Tensors { get; }

    /// <summary>Elements of all.</summary>
    public int Count => _offsets[^1];

    /// <summary>The layout of a model's weights.</summary>
    /// <exception cref="TrainingException">The model is not of a kind that can be trained, or too large.</exception>
    public static ParameterLayout Of(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Family is not (ModelFamily.Llama or ModelFamily.Mistral) || config.Experts is not null || config.AttentionBias || config.QueryKeyNorm
            || (config.SlidingWindow > 0 && config.SlidingWindow < config.MaxPositions))
        {
            throw new TrainingException($"A {config.Family} model of this configuration cannot be trained; it must be of the Llama architecture: no biases, no experts, no norms on heads, no sliding window.");
        }

        return new ParameterLayout(ModelTensors.Expected(config));
    }

    /// <summary>The layout of a model's adapters.</summary>
    /// <exception cref="TrainingException">As for the model, or nothing in it is a target.</exception>
    public static ParameterLayout Of(ModelConfig config, LoraSettings lora)
    {
        ArgumentNullException.ThrowIfNull(lora);
        List<(string, long[])> tensors = [];
        foreach ((string name, int rows, int columns) in Of(config).Tensors.Where(tensor => lora.Covers(tensor.Name)))
        {
            string module = name[..^".weight".Length];
            tensors.Add((module + ".lora_A.weight", [lora.Rank, columns]));
            tensors.Add((module + ".lora_B.weight", [rows, lora.Rank]));
        }

        return tensors.Count > 0 ? new ParameterLayout(tensors) : throw new TrainingException("No matrix of the model is a target of the adapters.");
    }

    /// <summary>The place of a tensor's first element.</summary>
    public int Offset(int tensor) => _offsets[tensor];

    /// <summary>Elements of a tensor.</summary>
    public int Length(int tensor) => _offsets[tensor + 1] - _offsets[tensor];

    /// <summary>Whether a tensor is a vector: it has one dimension and does not decay.</summary>
    public bool IsVector(int tensor) => _vectors[tensor];

    /// <summary>The dimensions of a tensor, as libtorch takes them.</summary>
    internal long[] Shape(int tensor) => _vectors[tensor] ? [Tensors[tensor].Columns] : [Tensors[tensor].Rows, Tensors[tensor].Columns];
}
