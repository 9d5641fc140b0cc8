using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Training.Corpus;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>The weights of a model that can be trained, as one flat vector.</summary>
public sealed class ModelWeights
{
    private const double Deviation = 0.02;

    /// <summary>Takes weights.</summary>
    /// <param name="config">The model.</param>
    /// <param name="values">The flat vector of <see cref="ParameterLayout.Of(ModelConfig)"/>; kept, not copied.</param>
    /// <exception cref="TrainingException">The model cannot be trained, or has another number of weights.</exception>
    public ModelWeights(ModelConfig config, float[] values)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(values);
        config.Validate();
        (Config, Layout, Values) = (config, ParameterLayout.Of(config), values);
        if (values.Length != Layout.Count)
        {
            throw new TrainingException($"The model has {Layout.Count} weights, not {values.Length}.");
        }
    }

    /// <summary>The model.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where tensors lie.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>The flat vector.</summary>
    public float[] Values { get; }

    /// <summary>Random weights from the seed: normal with deviation 0.02, smaller for what writes into the residual stream; norms at 1.</summary>
    /// <param name="config">The model.</param>
    /// <param name="seed">Equal seeds give equal weights.</param>
    public static ModelWeights Random(ModelConfig config, ulong seed)
    {
        var layout = ParameterLayout.Of(config);
        var random = new CorpusRandom(seed, stream: 2);
        double residual = Deviation / Math.Sqrt(2.0 * config.Layers);
        float[] values = new float[layout.Count];
        for (int tensor = 0; tensor < layout.Tensors.Count; tensor++)
        {
            string name = layout.Tensors[tensor].Name;
            bool writes = name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            foreach (ref float value in values.AsSpan(layout.Offset(tensor), layout.Length(tensor)))
            {
                value = layout.IsVector(tensor) ? 1f : (float)(random.NextGaussian() * (writes ? residual : Deviation));
            }
        }

        return new ModelWeights(config, values);
    }

    /// <summary>Given weights, by name.</summary>
    /// <param name="config">The model.</param>
    /// <param name="read">Gives a tensor's elements row by row, or null.</param>
    /// <exception cref="TrainingException">A tensor is missing or has another size.</exception>
    public static ModelWeights FromTensors(ModelConfig config, Func<string, float[]?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var layout = ParameterLayout.Of(config);
        float[] values = new float[layout.Count];
        for (int tensor = 0; tensor < layout.Tensors.Count; tensor++)
        {
            float[]? source = read(layout.Tensors[tensor].Name);
            if (source is null || source.Length != layout.Length(tensor))
            {
                throw new TrainingException($"The tensor {layout.Tensors[tensor].Name} is missing or does not have the shape [{string.Join(", ", layout.Shape(tensor))}].");
            }

            source.CopyTo(values, layout.Offset(tensor));
        }

        return new ModelWeights(config, values);
    }

    /// <summary>Reads a Hugging Face folder or a .gguf file of the Llama architecture; other types than binary32 are widened.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="Formats.ModelFormatException">The model is damaged or not supported; the message names the file, tensor or field.</exception>
    /// <exception cref="TrainingException">The model can be served but not trained.</exception>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    public static ModelWeights Load(string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        bool folder = Directory.Exists(path);
        if (!folder && !File.Exists(path))
        {
            throw new FileNotFoundException($"no model at {path}", path);
        }

        using ModelSource source = folder
            ? HuggingFaceFolder.Open(path, null, cancellationToken)
            : GgufModel.Open(path, null, cancellationToken);
        return FromTensors(source.Config, name => Read(source.Tensors[name]));
    }

    /// <summary>A tensor's elements by its name, row by row; a view.</summary>
    /// <exception cref="KeyNotFoundException">The model has no such tensor.</exception>
    public ReadOnlyMemory<float> Tensor(string name)
    {
        for (int tensor = 0; tensor < Layout.Tensors.Count; tensor++)
        {
            if (Layout.Tensors[tensor].Name == name)
            {
                return Values.AsMemory(Layout.Offset(tensor), Layout.Length(tensor));
            }
        }

        throw new KeyNotFoundException($"the model has no tensor {name}");
    }

    private static unsafe float[] Read(StoredTensor tensor)
    {
        float[] values = new float[tensor.Info.Elements];
        fixed (float* destination = values)
        {
            tensor.CopyToSingle(destination);
        }

        return values;
    }
}
