using System.CommandLine;
using Verathos.Attestation.Verdicts;
using Verathos.Host.Cli;
using Verathos.Host.Training;
using Verathos.Protocol.Receipts;

namespace Verathos.Host.Commands;

/// <summary><c>verathos train equivocation</c>: checks a validator's proof that a worker's enclave signed two histories of a run.</summary>
internal static class TrainEquivocationCommand
{
    private const int MostBytes = 16 << 20;

    public static Command Create()
    {
        TrainRunArguments arguments = new();
        Argument<string> file = new("file") { Description = "The proof, from the folder equivocations of a validator's run" };
        Option<bool> times = new("--times-known") { Description = "Answer for the times inside the evidence from your own knowledge: production policies do not take its maker's word for them" };
        Command command = new("equivocation", "Check a proof that a worker's enclave signed two records of a run with one number or of one round") { file, arguments.Run, times };
        arguments.AddTrustTo(command);
        command.SetVerb((context, token) => TrainRunArguments.RunAsync(() =>
        {
            (RunFile run, byte[] _, string _) = arguments.ReadRun(context);
            JoinCheck check = arguments.Check(context);
            if (arguments.AllowsSimulated(context))
            {
                context.Output.Simulated();
            }

            string path = context.Value(file)!;
            if (!File.Exists(path))
            {
                throw new CommandException(ExitCode.Failed, $"there is no {Path.GetFullPath(path)}");
            }

            if (new FileInfo(path).Length > MostBytes || !WorkerEquivocation.TryDecode(File.ReadAllBytes(path), out WorkerEquivocation? proof))
            {
                throw new CommandException(ExitCode.Malformed, $"{path} is no proof of an equivocation");
            }

            string? problem = proof.Verify(run, check, context.Value(times) ? TimeSource.Verifier : TimeSource.Asserted, out TrainingRecord? first, out TrainingRecord? second);
            string worker = problem is null ? Convert.ToHexStringLower(first!.Worker.Span) : "";
            if (context.Json)
            {
                context.Output.WriteJson(new
                {
                    proved = problem is null,
                    problem,
                    run = Convert.ToHexStringLower(run.Id.Span),
                    worker = problem is null ? worker : null,
                    records = problem is null ? new[] { first!, second! }.Select(static record => new { counter = record.Counter, round = record.Round, digest = Convert.ToHexStringLower(record.Digest.Span) }) : null,
                });
            }
            else
            {
                context.Output.Line(problem is null
                    ? $"proved: the enclave of worker {worker} signed number {first!.Counter} of round {first.Round} and number {second!.Counter} of round {second.Round}, which are two histories"
                    : $"not proved: {problem}");
            }

            return Task.FromResult(problem is null ? ExitCode.Accepted : ExitCode.Rejected);
        }));
        return command;
    }
}
