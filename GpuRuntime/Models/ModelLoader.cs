using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Compute.Torch;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>Loads models: files are copied into private memory, hashed there, and used from there.</summary>
public static class ModelLoader
{
    private const long SmallModelBytes = 32 << 20;

    /// <summary>Loads a Hugging Face folder (config.json, tokenizer.json, *.safetensors) or a .gguf file.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told at most about a hundred times a stage, from any thread.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    /// <exception cref="ModelFormatException">The model or an adapter is damaged or not supported; the message names the file, tensor or field.</exception>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    public static LoadedModel Load(string path, LoadOptions options, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        bool folder = Directory.Exists(path);
        if (!folder && !File.Exists(path))
        {
            throw new FileNotFoundException($"no model at {path}", path);
        }

        LoadMeter reading = new(LoadStage.Reading, folder ? HuggingFaceFolder.WeightBytes(path) : new FileInfo(path).Length, progress, options.TimeProvider);
        ModelSource opened = folder
            ? HuggingFaceFolder.Open(path, reading.Add, cancellationToken)
            : GgufModel.Open(path, reading.Add, cancellationToken);
        using ModelSource source = opened.WithAdapters(options.Adapters, cancellationToken);
        return Finish(source, NameOf(path, options), options, progress, cancellationToken);
    }

    /// <summary>The name that a model is published under where nothing else is said: its file's or folder's, and each adapter's after a plus sign.</summary>
    /// <param name="path">The model.</param>
    /// <param name="options">How it is loaded.</param>
    public static string NameOf(string path, LoadOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Name ?? string.Join('+', options.Adapters.Prepend(path).Select(static (part, i) =>
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(part)) is var full && i == 0 ? Path.GetFileNameWithoutExtension(full) : Path.GetFileName(full)));
    }

    /// <summary>Computes the manifest over a source, prepares the weights, and lets go of the source.</summary>
    internal static LoadedModel Finish(ModelSource source, string name, LoadOptions options, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        long bytes = source.Bytes;
        ManifestBuilder builder = new();
        source.AddTo(builder);
        LoadMeter hashing = new(LoadStage.Hashing, bytes, progress, options.TimeProvider);
        ModelManifest manifest = builder.Build(name, hashing.Add, cancellationToken);
        progress?.Report(new LoadProgress(LoadStage.Preparing, 0, bytes, 0));
        int context = Math.Max(1, Math.Min(options.MaxContext ?? int.MaxValue, source.Config.MaxPositions));

        // Below this size handing work to a second thread takes longer than the work.
        int threads = bytes < SmallModelBytes && !options.ExactThreads ? 1 : Math.Max(1, options.Threads);
        IComputeBackend backend = options.Profile switch
        {
#if VERATHOS_CUDA
            { UsesCuda: true } => new Compute.Torch.Cuda.CudaBackend(source, options.Profile, context),
#endif
            { UsesLibtorch: true } => new TorchBackend(source, options.Profile, context, threads),
            _ => new Lane16Backend(source, options.Profile, context, threads),
        };
        progress?.Report(new LoadProgress(LoadStage.Ready, bytes, bytes, hashing.BytesPerSecond));
        return new LoadedModel(source.Config, source.Tokenizer, manifest, backend, context, source.StopIds, source.ChatTemplate, threads);
    }
}
