using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models.Adapters;

/// <summary>A LoRA adapter as PEFT saves it: a folder with adapter_config.json and adapter_model.safetensors.</summary>
internal sealed class LoraAdapter : IDisposable
{
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";
    private static readonly (string Suffix, bool First)[] s_suffixes = [(".lora_A.weight", true), (".lora_B.weight", false)];
    private readonly SafetensorsFile _file;
    private readonly byte[] _configBytes;

    private LoraAdapter(string name, byte[] configBytes, SafetensorsFile file, Dictionary<string, LoraDelta> deltas) =>
        (Name, _configBytes, _file, Deltas) = (name, configBytes, file, deltas);

    /// <summary>The folder's name.</summary>
    public string Name { get; }

    /// <summary>Bytes of its files that the manifest covers.</summary>
    public long Bytes => _configBytes.Length + _file.Tensors.Sum(static t => t.Length);

    /// <summary>What is added to which of the model's tensors.</summary>
    public IReadOnlyDictionary<string, LoraDelta> Deltas { get; }

    /// <summary>Reads a folder and checks it against a model.</summary>
    /// <exception cref="ModelFormatException">It is damaged, not supported or not for this model; the message names the file, member or tensor.</exception>
    public static LoraAdapter Open(string folder, ModelConfig config, CancellationToken cancellationToken = default)
    {
        foreach (string file in (string[])[ConfigName, WeightsName])
        {
            if (!File.Exists(Path.Combine(folder, file)))
            {
                throw new ModelFormatException($"the adapter {folder} has no {file}");
            }
        }

        byte[] configBytes = File.ReadAllBytes(Path.Combine(folder, ConfigName));
        LoraConfig settings = LoraConfig.Parse(configBytes);
        SafetensorsFile weights = SafetensorsFile.Read(Path.Combine(folder, WeightsName), null, cancellationToken);
        try
        {
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
            return new LoraAdapter(name, configBytes, weights, Read(name, weights, settings, config));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Adds the adapter's parts to a manifest.</summary>
    /// <param name="builder">The manifest.</param>
    /// <param name="index">The adapter's place among a model's, which is part of the parts' names.</param>
    public void AddTo(ManifestBuilder builder, int index)
    {
        string prefix = FormattableString.Invariant($"{index}/{Name}/");
        builder.Add(ManifestPart.Adapter, prefix + ConfigName, "bytes", [], _configBytes);
        foreach (TensorInfo tensor in _file.Tensors)
        {
            builder.Add(ManifestPart.Adapter, prefix + tensor.Name, TensorLayout.Of(tensor.Type).Name, [.. tensor.Shape], _file.Memory.Memory(tensor.Offset, tensor.Length));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static Dictionary<string, LoraDelta> Read(string adapter, SafetensorsFile weights, LoraConfig settings, ModelConfig config)
    {
        Dictionary<string, (long Rows, long Columns)> modules = Modules(adapter, settings, config);
        Dictionary<(string Module, bool First), float[]> matrices = [];
        foreach (TensorInfo tensor in weights.Tensors)
        {
            (string suffix, bool first) = s_suffixes.FirstOrDefault(s => tensor.Name.EndsWith(s.Suffix, StringComparison.Ordinal));
            string module = suffix is null || !tensor.Name.StartsWith(Prefix, StringComparison.Ordinal) ? "" : tensor.Name[Prefix.Length..^suffix.Length];
            string used = HuggingFaceNames.Translate(config, module + ".weight");
            if (module.Length == 0 || !modules.TryGetValue(used, out (long Rows, long Columns) shape))
            {
                throw new ModelFormatException($"the adapter {adapter} has the tensor {tensor.Name}, which is no A or B of its target_modules");
            }

            long[] expected = first ? [settings.Rank, shape.Columns] : [shape.Rows, settings.Rank];
            if (!tensor.Shape.SequenceEqual(expected))
            {
                throw new ModelFormatException($"the adapter {adapter}: tensor {tensor.Name} has the shape [{string.Join(", ", tensor.Shape)}]; the model and r ask for [{string.Join(", ", expected)}]");
            }

            float[] values = new float[tensor.Elements];
            Quantization.ToSingle(tensor.Type, weights.Bytes(tensor), values);
            matrices[(used, first)] = values;
        }

        Dictionary<string, LoraDelta> deltas = [];
        foreach (string module in modules.Keys)
        {
            if (!matrices.TryGetValue((module, true), out float[]? a) || !matrices.TryGetValue((module, false), out float[]? b))
            {
                throw new ModelFormatException($"the adapter {adapter} lacks A or B of {module}, which its target_modules name");
            }

            deltas[module] = new LoraDelta(settings.Scale, settings.Rank, a, b);
        }

        return deltas;
    }

    /// <summary>The matrices that the targets name. The embedding has another form of adapter; a tied output has no matrix of its own.</summary>
    private static Dictionary<string, (long Rows, long Columns)> Modules(string adapter, LoraConfig settings, ModelConfig config)
    {
        Dictionary<string, (long Rows, long Columns)> linear = ModelTensors.Expected(config)
            .Where(static t => t.Shape.Length == 2 && t.Name != ModelTensors.Embedding)
            .ToDictionary(static t => t.Name, static t => (t.Shape[0], t.Shape[1]));
        Dictionary<string, (long Rows, long Columns)> found = [];
        foreach (string target in settings.Targets)
        {
            string[] named = [.. linear.Keys.Where(name => Matches(HuggingFaceNames.Stored(config, name), target))];
            if (named.Length == 0)
            {
                throw new ModelFormatException($"the adapter {adapter} has the target {target}, which is no matrix of the model");
            }

            foreach (string name in named)
            {
                found[name] = linear[name];
            }
        }

        return found;
    }

    private static bool Matches(string tensor, string target)
    {
        string module = tensor[..^".weight".Length];
        return module == target || module.EndsWith("." + target, StringComparison.Ordinal);
    }
}
