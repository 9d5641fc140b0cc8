using System.CommandLine;
using Verathos.GpuRuntime.Training;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos train local</c>: trains a small model on this machine from a recipe.</summary>
public static class TrainCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        Command train = new("train", "Train a model");
        train.Subcommands.Add(CreateLocal());
        return train;
    }

    private static Command CreateLocal()
    {
        Option<string> recipe = new("--recipe")
        {
            Description = "The recipe: seed, corpus, shape and optimiser",
            DefaultValueFactory = _ => Path.Combine(ModelPath.Embedded, "recipe.json"),
        };
        Option<string?> output = new("--output") { Description = "Folder for the model and its checkpoint; trained/NAME if not given" };
        Option<string?> corpus = new("--corpus") { Description = "Also write the training text there, as JSON lines" };
        Option<bool> fresh = new("--fresh") { Description = "Start again, though there is a checkpoint" };
        Option<int?> stopAfter = new("--stop-after") { Description = "Stop with a checkpoint once that many steps are done" };
        Command local = new("local", "Train on this machine's processor; a second call continues where the first one stopped")
        {
            recipe, output, corpus, fresh, stopAfter,
        };
        local.SetVerb(async (context, token) =>
        {
            TrainingRecipe plan = ReadRecipe(context.Value(recipe)!);
            string folder = Path.GetFullPath(context.Value(output) ?? Path.Combine("trained", plan.Name));
            if (context.Value(stopAfter) is <= 0)
            {
                throw new CommandException(ExitCode.Usage, "--stop-after takes a number of steps above 0");
            }

            string checkpoint = Path.Combine(folder, "checkpoint", "state.safetensors");
            Directory.CreateDirectory(Path.GetDirectoryName(checkpoint)!);
            TrainingOptions options = new(folder, checkpoint, context.Value(fresh), context.Value(corpus), context.Value(stopAfter));
            TrainingResult result = await TrainingDisplay.RunAsync(
                context,
                progress => Task.Run(() => new LocalTrainer(plan, options, TimeProvider.System, progress).Run(token), CancellationToken.None))
                .ConfigureAwait(false);
            TrainingDisplay.Show(context, result, plan, folder);
            return result.Completed || context.Value(stopAfter) <= result.Step ? ExitCode.Accepted : ExitCode.Cancelled;
        });
        return local;
    }

    private static TrainingRecipe ReadRecipe(string path)
    {
        try
        {
            return TrainingRecipe.Read(path);
        }
        catch (TrainingException exception)
        {
            throw new CommandException(ExitCode.Malformed, exception.Message, exception);
        }
        catch (IOException exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(
                ExitCode.Failed, $"no recipe at {Path.GetFullPath(path)}; name one with --recipe, such as {ModelPath.Embedded}/recipe.json", exception);
        }
    }
}
