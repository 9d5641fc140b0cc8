using System.CommandLine;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Native;
using Verathos.Host.Cli;
using Verathos.Host.Doctor;

namespace Verathos.Host.Commands;

/// <summary><c>verathos doctor</c>: what this machine has for a node, what is missing, and what to do.</summary>
public static class DoctorCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        Option<string[]> model = new("--model") { Description = "Also say whether this model fits; with several, whether they fit one node together too" };
        Command command = new("doctor", "Say what this machine has for a node and what is missing") { model };
        command.SetVerb((context, _) => Task.FromResult(Run(context, context.Value(model) ?? [])));
        return command;
    }

    private static ExitCode Run(VerbContext context, string[] models)
    {
        Examination examination;
        try
        {
            examination = Examination.Of(MachineView.Real, Engine(), models.Select(ModelPath.Resolve));
        }
        catch (ModelFormatException problem)
        {
            throw new CommandException(ExitCode.Malformed, $"a model cannot be used: {problem.Message}", problem);
        }

        if (context.Json)
        {
            context.Output.WriteJson(examination);
            return ExitCode.Accepted;
        }

        context.Output.Table(
            ["what", "state", "seen", "what to do"],
            examination.Findings.Select(finding => (IReadOnlyList<string>)[finding.Subject, Word(finding.State), finding.Detail, finding.Advice ?? string.Empty]));
        context.Output.Table(
            ["model", "needs about", "fits"],
            examination.Models.Select(fit => (IReadOnlyList<string>)[fit.Model, Sizes.Text(fit.NeededBytes), fit.Fits ? "yes" : "no"]));
        context.Output.Line(examination switch
        {
            { Hardware: true } => "This machine can serve with TDX evidence: verathos enclave --tee tdx, then verathos node --enclave.",
            { Simulated: true } => "This machine can serve with simulated evidence only (verathos node --tee simulated), which protects nothing.",
            _ => "This machine cannot serve: see engine.",
        });
        return ExitCode.Accepted;
    }

    private static Finding Engine()
    {
        try
        {
            NativeRuntime.Load();
            return new Finding("engine", FindingState.Present, "libtorch loads");
        }
        catch (NativeRuntimeException problem)
        {
            return new Finding("engine", FindingState.Problem, "libtorch does not load", problem.Message);
        }
    }

    private static string Word(FindingState state) => state switch
    {
        FindingState.Present => "there",
        FindingState.Problem => "problem",
        _ => "missing",
    };
}
