using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Models.Adapters;
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

    /// <summary>Adapters whose sums <see cref="Tensors"/> carry.</summary>
    public IReadOnlyList<LoraAdapter> Adapters { get; init; } = [];

    /// <summary>Bytes of everything that the manifest covers.</summary>
    public long Bytes => Parts.Sum(static p => p.Info.Length) + Documents.Sum(static d => (long)d.Bytes.Length) + Adapters.Sum(static a => a.Bytes);

    /// <summary>The same model with adapters, which takes over this one's files.</summary>
    /// <param name="folders">The adapters, in the order in which they are added.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="Formats.ModelFormatException">An adapter is damaged or not for this model. This model is then disposed.</exception>
    public ModelSource WithAdapters(IReadOnlyList<string> folders, CancellationToken cancellationToken)
    {
        List<LoraAdapter> adapters = [];
        try
        {
            foreach (string folder in folders)
            {
                adapters.Add(LoraAdapter.Open(folder, Config, cancellationToken));
            }
        }
        catch
        {
            adapters.ForEach(static adapter => adapter.Dispose());
            Dispose();
            throw;
        }

        Dictionary<string, StoredTensor> tensors = Tensors.ToDictionary(
            static t => t.Key,
            t => t.Value with { Deltas = [.. adapters.Where(a => a.Deltas.ContainsKey(t.Key)).Select(a => a.Deltas[t.Key])] });
        return new ModelSource
        {
            Config = Config,
            Tokenizer = Tokenizer,
            ChatTemplate = ChatTemplate,
            StopIds = StopIds,
            Tensors = tensors,
            Parts = Parts,
            Documents = Documents,
            Adapters = adapters,
            Files = [.. Files, .. adapters],
        };
    }

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

        for (int i = 0; i < Adapters.Count; i++)
        {
            Adapters[i].AddTo(builder, i);
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
