using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;

namespace Verathos.Host.Node;

/// <summary>Loads the models of a configuration one after another, once it is clear that all of them fit.</summary>
internal static class ServedModelLoading
{
    /// <summary>Loads every model that a configuration serves, in its order.</summary>
    /// <exception cref="CommandException">One is missing, damaged or not supported, two have one name, or they do not fit together.</exception>
    public static async Task<IReadOnlyList<LoadedModel>> LoadAsync(NodeConfiguration configuration, Output output, CancellationToken cancellationToken)
    {
        (string Path, LoadOptions Options)[] models = [.. configuration.Served.Select(model => (ModelPath.Resolve(model.Path), Options(configuration, model)))];
        RequireNames(models);
        RequireMemory(configuration, models, MachineMemory.Read());
        List<LoadedModel> loaded = [];
        try
        {
            foreach ((string path, LoadOptions options) in models)
            {
                loaded.Add(await ModelLoading.LoadAsync(output, path, options, cancellationToken).ConfigureAwait(false));
            }

            return loaded;
        }
        catch
        {
            loaded.ForEach(static model => model.Dispose());
            throw;
        }
    }

    /// <summary>Refuses what would not fit, before memory is taken for any of it.</summary>
    internal static void RequireMemory(NodeConfiguration configuration, IReadOnlyList<(string Path, LoadOptions Options)> models, MachineMemory memory)
    {
        List<ModelFootprint> footprints = [];
        foreach ((string path, LoadOptions options) in models)
        {
            try
            {
                footprints.Add(ModelFootprint.Of(path, options, configuration.Engine.MaxActive));
            }
            catch (Exception e) when (e is ModelFormatException or IOException)
            {
                // Loading refuses such files and says what is wrong with them; until then only the others count.
            }
        }

        if (MemoryPlan.Find(footprints, configuration.Engine.KvMebibytes is { } mebibytes ? (long)mebibytes << 20 : null, memory) is { } problem)
        {
            throw new CommandException(
                ExitCode.Unsupported,
                $"{problem}. Serve fewer or smaller models, shorten engine.maxContext or lower engine.kvMebibytes; verathos doctor --model PATH says what each needs");
        }
    }

    private static LoadOptions Options(NodeConfiguration configuration, ModelConfiguration model) => new()
    {
        Name = model.Name,
        Profile = ModelLoading.Profile(model.Profile ?? configuration.Profile),
        MaxContext = model.MaxContext ?? configuration.Engine.MaxContext,
        Adapters = ModelPath.ResolveAdapters(model.Adapters),
    };

    private static void RequireNames(IReadOnlyList<(string Path, LoadOptions Options)> models)
    {
        string? twice = models.Select(static model => ModelLoader.NameOf(model.Path, model.Options)).GroupBy(static name => name)
            .FirstOrDefault(static same => same.Count() > 1)?.Key;
        if (twice is not null)
        {
            throw new CommandException(ExitCode.Usage, $"two models have the name {twice}; name one of them: --model NAME=PATH, or name in the configuration file's models");
        }
    }
}
