using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Client.Trust;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training;
using Verathos.Host.Cli;
using Verathos.Host.Training;
using Verathos.Validator.State;

namespace Verathos.Host.Commands;

/// <summary>What the verbs of a training run share: the run's file, the coordinator's address, whom to trust, and how failures are told.</summary>
internal sealed class TrainRunArguments
{
    /// <summary>Where a coordinator listens when nothing else is said.</summary>
    public const string DefaultAddress = "http://127.0.0.1:7400";

    private readonly TrustArguments _trust = new();

    public Option<string?> Run { get; } = new("--run") { Description = "The run's file, which 'train init' writes" };

    public Option<string> Coordinator { get; } = new("--coordinator") { Description = "The coordinator's address", DefaultValueFactory = static _ => DefaultAddress };

    public Option<int> Threads { get; } = new("--threads") { Description = "Threads of the arithmetic; they change no bit", DefaultValueFactory = static _ => Math.Min(4, Environment.ProcessorCount) };

    public Option<string?> Page { get; } = new("--page") { Description = "Write the run's loss curves there after every round, as one HTML file" };

    public void AddTrustTo(Command command)
    {
        command.Options.Add(_trust.PolicyFile);
        command.Options.Add(_trust.Anchors);
        command.Options.Add(_trust.AllowSimulated);
    }

    /// <summary>Reads the run's file.</summary>
    public (RunFile Run, byte[] Bytes, string Folder) ReadRun(VerbContext context)
    {
        string path = context.Value(Run) ?? throw new CommandException(ExitCode.Usage, "name the run's file with --run; 'verathos train init' writes one");
        if (!File.Exists(path))
        {
            throw new CommandException(ExitCode.Failed, $"there is no {Path.GetFullPath(path)}; 'verathos train init' writes a run's file");
        }

        byte[] bytes = File.ReadAllBytes(path);
        try
        {
            return (RunFile.Parse(bytes, path), bytes, Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (TrainingException exception)
        {
            throw new CommandException(ExitCode.Malformed, exception.Message, exception);
        }
    }

    public int ThreadCount(VerbContext context) => context.Value(Threads) is >= 1 and <= 1024 and int threads ? threads : throw new CommandException(ExitCode.Usage, "--threads takes a number from 1 to 1024");

    public Uri Address(VerbContext context) => TrustArguments.ParseNode(context.Value(Coordinator)!);

    /// <summary>How evidence is checked.</summary>
    public JoinCheck Check(VerbContext context)
    {
        Policy policy = _trust.Policy(context);
        string? folder = context.Value(_trust.Anchors);
        if (!policy.Simulated || !context.Value(_trust.AllowSimulated))
        {
            TrustAnchors anchors = _trust.AnchorsFor(context, policy);
            return new JoinCheck(policy, () => anchors, context.Value(_trust.AllowSimulated));
        }

        // The first worker on this machine makes the simulated installation, maybe later than this, maybe at this moment.
        TrustAnchors? loaded = null;
        return new JoinCheck(policy, () => loaded ??= TrustAnchors.TryLoadSimulated(folder ?? SimulatedFolder.Default, out TrustAnchors? read, out _) ? read : null, AllowSimulated: true);
    }

    public bool AllowsSimulated(VerbContext context) => context.Value(_trust.AllowSimulated);

    /// <summary>Runs a verb's part and says in one line what failed.</summary>
    [SuppressMessage("Reliability", "CA2007", Justification = "A verb has no context to come back to.")]
    public static async Task<T> RunAsync<T>(Func<Task<T>> part)
    {
        try
        {
            return await part();
        }
        catch (TrainingException exception)
        {
            throw new CommandException(ExitCode.Failed, exception.Message, exception);
        }
        catch (InvalidDataException exception)
        {
            throw new CommandException(ExitCode.Malformed, exception.Message, exception);
        }
        catch (StateException exception)
        {
            throw new CommandException(ExitCode.Failed, exception.Message, exception);
        }
        catch (ModelFormatException exception)
        {
            throw new CommandException(ExitCode.Malformed, $"the model cannot be used: {exception.Message}", exception);
        }
        catch (NativeRuntimeException exception)
        {
            throw new CommandException(ExitCode.Unsupported, exception.Message, exception);
        }
        catch (Grpc.Core.RpcException exception)
        {
            throw new CommandException(ExitCode.Failed, $"the other side refused: {exception.Status.Detail} ({exception.StatusCode})", exception);
        }
    }
}
