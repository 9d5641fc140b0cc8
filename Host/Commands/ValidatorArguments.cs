using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Verathos.Client;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Native;
using Verathos.Host.Cli;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;
using Verathos.Validator.State;

namespace Verathos.Host.Commands;

/// <summary>What the verbs of a validator share: its folder, and how its failures are told.</summary>
internal sealed class ValidatorArguments
{
    /// <summary>The folder that the verbs use when none is named.</summary>
    public const string DefaultFolder = "validator";

    public Option<string> Dir { get; } = new("--dir") { Description = "The validator's folder", DefaultValueFactory = _ => DefaultFolder };

    /// <summary>Opens the folder.</summary>
    public ValidatorFolder Open(VerbContext context) => ValidatorFolder.Open(context.Value(Dir)!);

    /// <summary>Runs a verb's part and says in one line what failed.</summary>
    public static async Task<T> RunAsync<T>(Func<Task<T>> part)
    {
        try
        {
            return await part().ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw new CommandException(ExitCode.Usage, e.Message, e);
        }
        catch (StateException e)
        {
            throw new CommandException(ExitCode.Failed, e.Message, e);
        }
        catch (CorpusException e)
        {
            throw new CommandException(ExitCode.Usage, e.Message, e);
        }
        catch (ModelFormatException e)
        {
            throw new CommandException(ExitCode.Malformed, $"the model cannot be used: {e.Message}", e);
        }
        catch (NotSupportedException e)
        {
            throw new CommandException(ExitCode.Unsupported, e.Message, e);
        }
        catch (NativeRuntimeException e)
        {
            throw new CommandException(ExitCode.Unsupported, e.Message, e);
        }
        catch (VerathosException e)
        {
            throw TrustArguments.Failure(e);
        }
    }

    /// <summary>The fingerprint data that ships with the program, by file name.</summary>
    public static bool TryFindShipped(string name, [NotNullWhen(true)] out string? path)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            path = Path.Combine(folder.FullName, "policies", "fingerprints", name);
            if (File.Exists(path))
            {
                return true;
            }
        }

        path = null;
        return false;
    }
}
