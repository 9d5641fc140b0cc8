using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Models;

/// <summary>A model as its files hold it, in private memory: everything that the manifest covers.</summary>
internal sealed class ModelSource : IDisposable
{
    public required ModelConfig Config { get; init; }

    public required Tokenizer Tokenizer { get; init; }

    /// <summary>The chat template's text, where the files have one.</summary>
    public required string? ChatTemplate { get; init; }

    public required IReadOnlySet<int> StopIds { get; init; }

    /// <summary>Weights by the names of <see cref="ModelTensors"/>; some are parts of a stored tensor.</summary>
    public required IReadOnlyDictionary<string, StoredTensor> Tensors { get; init; }

    /// <summary>Every tensor as its file holds it.</summary>
    public required IReadOnlyList<StoredTensor> Parts { get; init; }

    /// <summary>Files that are no weights.</summary>
    public required IReadOnlyList<(ManifestPart Kind, string Name, ReadOnlyMemory<byte> Bytes)> Documents { get; init; }

    /// <summary>The files' memory.</summary>
    public required IReadOnlyList<IDisposable> Files { get; init; }

    /// <summary>Adds every part to a manifest.</summary>
    public void AddTo(ManifestBuilder builder)
    {
        foreach (StoredTensor tensor in Parts)
        {
            string dtype = Formats.TensorLayout.Of(tensor.Info.Type).Name;
            builder.Add(ManifestPart.Tensor, tensor.Info.Name, dtype, [.. tensor.Info.Shape], tensor.Memory.Memory(tensor.Info.Offset, tensor.Info.Length));
        }

        foreach ((ManifestPart kind, string name, ReadOnlyMemory<byte> bytes) in Documents)
        {
            builder.Add(kind, name, "bytes", [], bytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable file in Files)
        {
            file.Dispose();
        }
    }
}
