using System.Globalization;
using Spectre.Console;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;

namespace Verathos.Host.Cli;

/// <summary>Loads a model for a verb, with a progress bar on standard error where that is a terminal.</summary>
public static class ModelLoading
{
    /// <summary>Loads a model and notes what was hashed and how fast.</summary>
    /// <exception cref="CommandException">The model or libtorch is missing, damaged or not supported.</exception>
    public static async Task<LoadedModel> LoadAsync(Output output, string path, LoadOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        double hashed = 0;
        if (!output.Progress.Profile.Capabilities.Interactive)
        {
            LoadedModel quiet = await Task.Run(() => Load(path, options, new Listener(p => hashed = p.BytesPerSecond), cancellationToken), cancellationToken).ConfigureAwait(false);
            return Describe(output, quiet, hashed);
        }

        LoadedModel model = await output.Progress.Progress().AutoClear(true).StartAsync(async context =>
        {
            Dictionary<LoadStage, ProgressTask> bars = [];
            Lock gate = new();
            void Show(LoadProgress progress)
            {
                lock (gate)
                {
                    if (progress.Stage == LoadStage.Ready)
                    {
                        hashed = progress.BytesPerSecond;
                        return;
                    }

                    if (!bars.TryGetValue(progress.Stage, out ProgressTask? bar))
                    {
                        bar = context.AddTask(Label(progress.Stage), maxValue: Math.Max(1, progress.BytesTotal));
                        bar.IsIndeterminate = progress.Stage == LoadStage.Preparing;
                        bars.Add(progress.Stage, bar);
                    }

                    bar.Value = Math.Max(bar.Value, progress.BytesDone);
                }
            }

            return await Task.Run(() => Load(path, options, new Listener(Show), cancellationToken), cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return Describe(output, model, hashed);
    }

    /// <summary>The numeric profile of that name.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public static NumericProfile Profile(string name) => NumericProfile.TryParse(name, out NumericProfile? profile)
        ? profile
        : throw new CommandException(ExitCode.Usage, $"no numeric profile {name}; there are {string.Join(", ", NumericProfile.All.Select(static p => p.Name))}");

    private static LoadedModel Describe(Output output, LoadedModel model, double bytesPerSecond)
    {
        output.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Manifest.Name}: {model.Manifest.Tensors} tensors, {model.Manifest.Bytes / 1e6:F1} MB hashed at {bytesPerSecond / 1e6:F0} MB/s, manifest {Convert.ToHexStringLower(model.Manifest.Root)}, profile {model.Profile.Identifier}"));
        return model;
    }

    private static LoadedModel Load(string path, LoadOptions options, Listener progress, CancellationToken cancellationToken)
    {
        try
        {
            return ModelLoader.Load(path, options, progress, cancellationToken);
        }
        catch (ModelFormatException e)
        {
            throw new CommandException(ExitCode.Malformed, $"the model {path} cannot be used: {e.Message}", e);
        }
        catch (NativeRuntimeException e)
        {
            throw new CommandException(ExitCode.Unsupported, e.Message, e);
        }
    }

    private static string Label(LoadStage stage) => stage switch
    {
        LoadStage.Reading => "Reading the model",
        LoadStage.Hashing => "Computing its manifest",
        _ => "Preparing the weights",
    };

    /// <summary>Reports at once and on the caller's thread, where Progress would post to a queue.</summary>
    private sealed class Listener(Action<LoadProgress> show) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => show(value);
    }
}
