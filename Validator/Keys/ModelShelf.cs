using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;

namespace Verathos.Validator.Keys;

/// <summary>The models whose weights this validator has, by manifest root. Loaded when first needed and kept; each is used by one at a time.</summary>
public sealed class ModelShelf : IDisposable
{
    private readonly Dictionary<string, ReplayModel> _models;
    private readonly Lock _lock = new();

    private ModelShelf(Dictionary<string, ReplayModel> models) => _models = models;

    /// <summary>The models, in the order of their manifest roots.</summary>
    public IReadOnlyList<ReplayModel> Models => [.. _models.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => pair.Value)];

    /// <summary>Loads models in the served profile.</summary>
    /// <param name="paths">Folders or .gguf files.</param>
    /// <param name="threads">Threads of a forward pass.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static ModelShelf Load(IReadOnlyList<string> paths, int threads, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(paths);
        Dictionary<string, ReplayModel> models = [];
        try
        {
            foreach (string path in paths)
            {
                ReplayModel model = ReplayModel.Open(path, new LoadOptions { Profile = NumericProfile.Served, Threads = threads }, null, cancellationToken);
                if (!models.TryAdd(Convert.ToHexStringLower(model.Manifest.Root), model))
                {
                    model.Dispose();
                }
            }

            return new ModelShelf(models);
        }
        catch
        {
            foreach (ReplayModel model in models.Values)
            {
                model.Dispose();
            }

            throw;
        }
    }

    /// <summary>Whether a model is there.</summary>
    public bool Has(ReadOnlySpan<byte> manifestRoot) => _models.ContainsKey(Convert.ToHexStringLower(manifestRoot));

    /// <summary>Uses a model while nobody else does.</summary>
    /// <param name="manifestRoot">32 bytes.</param>
    /// <param name="use">What to do with it.</param>
    /// <exception cref="KeyNotFoundException">It is not there.</exception>
    public T Use<T>(ReadOnlySpan<byte> manifestRoot, Func<ReplayModel, T> use)
    {
        ArgumentNullException.ThrowIfNull(use);
        ReplayModel model = _models[Convert.ToHexStringLower(manifestRoot)];
        lock (_lock)
        {
            return use(model);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ReplayModel model in _models.Values)
        {
            model.Dispose();
        }
    }
}
