using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Models;

/// <summary>Opens a GGUF file.</summary>
internal static class GgufModel
{
    private const string TemplateKey = "tokenizer.chat_template";

    public static ModelSource Open(string path, Action<long>? read, CancellationToken cancellationToken)
    {
        GgufFile file = GgufFile.Read(path, read, cancellationToken);
        try
        {
            GgufVocabulary vocabulary = GgufVocabulary.Read(file.Metadata);
            ModelConfig config = GgufConfig.Read(file, vocabulary.Size);
            Dictionary<string, StoredTensor> tensors = Tensors(file, config);
            ModelTensors.Check(config, tensors);
            long headerLength = file.Tensors[0].Offset;
            return new ModelSource
            {
                Config = config,
                Tokenizer = vocabulary.Tokenizer,
                ChatTemplate = Template(file),
                StopIds = vocabulary.StopIds,
                Tensors = tensors,
                Parts = [.. file.Tensors.Select(tensor => new StoredTensor(tensor, file.Memory, 0))],
                Documents = [(ManifestPart.Configuration, "header.gguf", file.Memory.Memory(0, headerLength))],
                Files = [file],
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static string? Template(GgufFile file) =>
        file.Metadata.ContainsKey(TemplateKey) ? GgufConfig.Get<string>(file, TemplateKey) : null;

    private static Dictionary<string, StoredTensor> Tensors(GgufFile file, ModelConfig config)
    {
        Dictionary<string, TensorInfo> stored = file.Tensors.ToDictionary(static t => t.Name, StringComparer.Ordinal);
        HashSet<string> used = config.Rope.Kind == RopeScalingKind.Factors ? [GgufNames.RopeFactors] : [];
        Dictionary<string, StoredTensor> tensors = [];
        foreach ((string name, long[] shape) in ModelTensors.Expected(config))
        {
            (string place, int expert) = GgufNames.Place(name);
            used.Add(place);
            if (!stored.TryGetValue(place, out TensorInfo? tensor))
            {
                throw new ModelFormatException($"the file lacks the tensor {place}");
            }

            TensorInfo part = expert < 0 ? tensor : Slice(tensor, expert, config.Experts!.Count);
            tensors[name] = new StoredTensor(Fit(part, shape), file.Memory, GgufNames.PairedHeads(config, name));
        }

        TensorInfo? foreign = file.Tensors.FirstOrDefault(t => !used.Contains(t.Name));
        return foreign is null ? tensors : throw new ModelFormatException($"the file has the tensor {foreign.Name}, which a {config.Family} model of its configuration does not have");
    }

    /// <summary>One expert of a tensor [experts, rows, columns].</summary>
    private static TensorInfo Slice(TensorInfo tensor, int expert, int count)
    {
        if (tensor.Shape.Count != 3 || tensor.Shape[0] != count)
        {
            throw new ModelFormatException($"tensor {tensor.Name} has the shape [{string.Join(", ", tensor.Shape)}]; its configuration asks for {count} experts");
        }

        long length = tensor.Length / count;
        return tensor with { Shape = [.. tensor.Shape.Skip(1)], Offset = tensor.Offset + (expert * length), Length = length };
    }

    /// <summary>GGUF leaves out a first dimension of 1.</summary>
    private static TensorInfo Fit(TensorInfo tensor, long[] shape) =>
        shape.Length == 2 && shape[0] == 1 && tensor.Shape.Count == 1 ? tensor with { Shape = [1, tensor.Shape[0]] } : tensor;
}
