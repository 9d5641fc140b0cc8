using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Host.Cli;
using Verathos.Host.Training;

namespace Verathos.Host.Commands;

/// <summary><c>verathos train init</c>: writes a run's file for a small model, to be changed by hand.</summary>
internal static class TrainInitCommand
{
    public static Command Create()
    {
        Option<string> output = new("--output") { Description = "The file", DefaultValueFactory = static _ => "run.json" };
        Option<string[]> validators = new("--validator") { Description = "A validator's folder, whose keys are made where there are none; several in the order in which they are asked", DefaultValueFactory = static _ => [ValidatorArguments.DefaultFolder] };
        Option<string> name = new("--name") { Description = "The run's name", DefaultValueFactory = static _ => "small-run" };
        Option<int> workers = new("--workers") { Description = "Workers that the first round waits for", DefaultValueFactory = static _ => 4 };
        Option<int> rounds = new("--rounds") { Description = "Rounds", DefaultValueFactory = static _ => 20 };
        Option<string?> beacon = new("--beacon") { Description = "64 hexadecimal digits that rounds' beacon values are made of (default: drawn)" };
        Option<string?> model = new("--model") { Description = "Start from this model, a Hugging Face folder with its tokenizer.json, instead of a small one with drawn weights" };
        Option<int?> lora = new("--adapters") { Description = "Train adapters (LoRA) of this rank on queries and values instead of the whole model" };
        Command command = new("init", "Write the file of a training run, of a small model if none is named, with its validators' keys; change it before the run starts") { output, validators, name, workers, rounds, beacon, model, lora };
        command.SetVerb((context, token) => TrainRunArguments.RunAsync(() =>
        {
            string path = Path.GetFullPath(context.Value(output)!);
            if (File.Exists(path))
            {
                throw new CommandException(ExitCode.Usage, $"{path} is there; name another file with --output, or remove it");
            }

            List<RunValidator> named = [];
            foreach (string folder in context.Value(validators)!)
            {
                using ValidatorKeys keys = ValidatorKeys.OpenOrCreate(Path.GetFullPath(folder));
                named.Add(RunValidator.Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), keys.Public));
            }

            RunFile run = Small(context.Value(name)!, context.Value(workers), context.Value(rounds), context.Value(beacon) ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), named);
            if (context.Value(lora) is { } rank)
            {
                run = run with { Inner = JsonElement.Parse((run.InnerSettings with { Lora = new LoraSettings(rank, 2.0 * rank, ["q_proj", "v_proj"], 1) }).ToJson()) };
            }

            if (context.Value(model) is { } start)
            {
                run = Starting(run, start, path);
            }

            string[] problems = [.. run.Problems()];
            if (problems.Length > 0)
            {
                throw new CommandException(ExitCode.Usage, string.Join("; ", problems));
            }

            byte[] bytes = run.ToJson();
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
            string id = Convert.ToHexStringLower(SHA256.HashData(bytes));
            if (context.Json)
            {
                context.Output.WriteJson(new { file = path, run = id, numericProfile = run.NumericProfile, validators = named.Select(static one => one.Name) });
            }
            else
            {
                context.Output.Line($"{path}: run {id[..16]}, numeric profile {run.NumericProfile}");
                context.Output.Note($"Next: verathos train coordinator --run {context.Value(output)} --allow-simulated");
            }

            return Task.FromResult(ExitCode.Accepted);
        }));
        return command;
    }

    // The model brings its vocabulary, and is named as seen from the run's file.
    private static RunFile Starting(RunFile run, string model, string file)
    {
        string full = Path.GetFullPath(model);
        if (!File.Exists(Path.Combine(full, "tokenizer.json")))
        {
            throw new CommandException(ExitCode.Failed, $"there is no {Path.Combine(full, "tokenizer.json")}; name a model's folder with --model");
        }

        return run with { Model = new RunModel(null, null, Path.GetRelativePath(Path.GetDirectoryName(file)!, full)), Corpus = run.Corpus with { VocabularySize = null } };
    }

    private static RunFile Small(string name, int workers, int rounds, string beacon, IReadOnlyList<RunValidator> validators)
    {
        InnerSettings inner = new() { MicroBatches = 2, WeightDecay = 0.01 };
        int quorum = Math.Max(1, workers - 1);
        return new RunFile
        {
            Name = name,
            Model = new RunModel(new ModelShape(64, 192, 2, 4, 2, 128, 10000, 1e-5), 1, null),
            Corpus = new RunCorpus(null, 1, 6000, 320),
            Inner = JsonElement.Parse(inner.ToJson()),
            NumericProfile = InnerTrainer.ProfileOf(inner.Precision),
            Work = new RunWork(Documents: 32, Steps: 4, Rows: 8, Length: 96, LearningRate: 0.003, FinalLearningRate: 0.0003, WarmupSteps: 8, Bits: 8),
            Rounds = new RunRounds(
                rounds, workers, Math.Max(workers, 16), quorum, CommitSeconds: 120, RevealSeconds: 30, OutcomeSeconds: 300, PatienceSeconds: 600, AbsentAfter: 3, OuterRate: 1),
            Judging = new RunJudging(
                UnitsPerNat: 1_000_000, Budget: 1_000_000, LeastContributions: 3, HeldOutDocuments: 3000, GradientTokens: 16_384, OwnTokens: 1024, ConfirmedShare: 0.1, ReplayShare: 0.05,
                ReplaySeconds: 30, LostReplays: 3),
            Beacon = beacon,
            Validators = validators,
        };
    }
}
