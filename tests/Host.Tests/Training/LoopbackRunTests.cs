using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Vocabulary;
using Verathos.Host.Cli;
using Verathos.Host.Tests.Processes;
using Verathos.Host.Training;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Rounds;
using Verathos.Validator.Training;

namespace Verathos.Host.Tests.Training;

/// <summary>A whole run by its verbs, on loopback and in this process.</summary>
public sealed class LoopbackRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-loopback-").FullName;

    private readonly CancellationTokenSource _over = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public LoopbackRunTests() => _over.CancelAfter(TimeSpan.FromMinutes(3));

    public void Dispose()
    {
        _over.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // From a model's folder, with adapters, one worker without the run's file, one that the second validator has a proof against, and a first validator that has judged and says so only
    // when the run is finished and its coordinator gone.
    [Fact]
    public async Task A_run_of_adapters_on_a_models_folder_ends_although_its_first_validator_is_late()
    {
        string file = In("run.json");
        BpeVocabulary vocabulary = BpeTrainer.Train(new CorpusGenerator(1).Documents(200).Select(static document => document.Text), 320);
        RandomModelFolder.Write(In("model"), hidden: 64, layers: 1, (vocabulary.ToTokenizerJson(), vocabulary.Tokens.Count));
        (int code, _, string error) = await RunAsync(
            "train", "init", "--output", file, "--validator", In("v1"), "--validator", In("v2"), "--workers", "4", "--rounds", "1", "--model", In("model"), "--adapters", "2");
        Assert.True(code == 0, error);
        JsonObject json = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        Assert.Equal("model", json["model"]!["path"]!.GetValue<string>());
        json["corpus"]!["documents"] = 2100;
        json["judging"]!["held_out_documents"] = 2000;
        json["work"]!["documents"] = 4;
        json["work"]!["steps"] = 1;
        json["work"]!["rows"] = 2;
        json["rounds"]!["outcome_seconds"] = 1;
        json["judging"]!["gradient_tokens"] = 256;
        json["judging"]!["own_tokens"] = 64;
        json["judging"]!["replay_share"] = 1;

        // A worker that was given no file looks for the model beside itself, so it is named from the root.
        json["model"]!["path"] = In("model");
        File.WriteAllText(file, json.ToJsonString());

        RunFile read = RunFile.Read(file);
        string books = new JudgedStore(In("v2"), read.Id).Folder;
        Directory.CreateDirectory(In("worker-4"));
        using ECDsa hotkey = SigningKeyFile.OpenOrCreate(Path.Combine(In("worker-4"), "hotkey.p8"));
        WorkerKey forger = new(TrainingRequest.NameOf(CoseKey.From(hotkey)));
        File.WriteAllBytes(new EquivocationFolder(books).PathOf(forger), []);

        string[] run = ["--run", file], trust = ["--allow-simulated", "--trust-anchor", In("authorities")];
        using Listening coordinatorSays = new();
        Task<(int Code, string Output, string Error)> rounds = RunAsync(coordinatorSays, ["train", "coordinator", .. run, "--dir", In("coordinator"), "--listen", "http://127.0.0.1:0", .. trust, "--linger", "3", "--json"]);
        string address = "";
        await Eventually.TrueAsync(() => rounds.IsCompleted || (address = coordinatorSays.Address).Length > 0);
        string[] coordinator = ["--coordinator", address];
        TaskCompletionSource lateHasJudged = new(TaskCreationOptions.RunContinuationsAsynchronously), coordinatorIsGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using Waiting late = new(lateHasJudged, coordinatorIsGone.Task), inTime = new(new TaskCompletionSource(), lateHasJudged.Task);
        Task<(int Code, string Output, string Error)>[] others =
        [
            .. Enumerable.Range(1, 4).Select(worker => RunAsync(
                ["train", "worker", .. worker == 3 ? [] : run, .. coordinator, "--dir", In($"worker-{worker}"), "--threads", "1", "--simulated-authorities", In("authorities"), "--json"])),
            .. new (string Name, Waiting Says)[] { ("v2", inTime), ("v1", late) }.Select(validator =>
                RunAsync(validator.Says, ["train", "validator", .. run, .. coordinator, "--dir", In(validator.Name), "--threads", "1", .. trust, "--json"])),
        ];
        // One that fails would leave the others waiting.
        List<Task<(int Code, string Output, string Error)>> running = [rounds, .. others];
        while (running.Count > 0)
        {
            Task<(int Code, string Output, string Error)> done = await Task.WhenAny(running);
            (int status, string output, string said) = await done;
            if (status != 0)
            {
                await _over.CancelAsync();
                lateHasJudged.TrySetResult();
                coordinatorIsGone.TrySetResult();
                await Task.WhenAll(running);
                Assert.Fail($"{status}: {output} {said}");
            }

            running.Remove(done);
            if (done == rounds)
            {
                coordinatorIsGone.SetResult();
            }
        }

        JsonElement ended = JsonDocument.Parse((await rounds).Output).RootElement;
        Assert.Equal((1, 1), (ended.GetProperty("rounds").GetInt32(), ended.GetProperty("outcome_round").GetInt32()));
        for (int worker = 0; worker < 4; worker++)
        {
            Assert.Equal(1, JsonDocument.Parse((await others[worker]).Output).RootElement.GetProperty("contributed").GetInt32());
        }

        JsonElement judged = JsonDocument.Parse((await others[4]).Output).RootElement;
        Assert.Equal((1, 3), (judged.GetProperty("judged").GetInt32(), judged.GetProperty("replays").GetProperty("Passed").GetInt32()));

        // The late one judged the same round, and that its outcome counts no more is no fault.
        Assert.Equal(1, JsonDocument.Parse((await others[5]).Output).RootElement.GetProperty("judged").GetInt32());
        Assert.NotNull(new JudgedStore(In("v1"), read.Id).Read(1));

        // Every record is in the validator's book, and who signed two histories is left out and caught.
        RecordBook book = new(books);
        using CoordinatorStore store = new(In("coordinator"), read, File.ReadAllBytes(file));
        Assert.All(store.Joined, joined => Assert.Equal(joined.Worker == forger ? null : 1ul, book.Last(joined.Worker)?.Counter));
        JsonElement caught = Assert.Single(judged.GetProperty("workers").EnumerateArray(), one => one.GetProperty("name").GetString() == $"worker:{forger}");
        Assert.Equal(("quarantined", TrainingLedger.EquivocationCheck), (caught.GetProperty("status").GetString(), caught.GetProperty("reason").GetString()));

        // The outcome that counted is the second validator's, taken after the first one's time, and of adapters alone.
        RoundEvent.Judged outcome = Assert.Single(store.EventsOf(1).OfType<RoundEvent.Judged>());
        using ECDsa second = read.RoundValidators[1].SigningKey.ToECDsa();
        Assert.True(TrainingOutcome.TryParse(outcome.Statement.Span, second, out TrainingOutcome? statement, out _));
        Assert.Equal(WorkerChains.Equivocation, statement.Verdicts.Single(verdict => verdict.Worker.Span.SequenceEqual(forger.Bytes)).Verdict);
        Assert.Equal(3, statement.Verdicts.Count(static verdict => verdict.Verdict != WorkerChains.Equivocation));
        Assert.True(outcome.At - store.EventsOf(1).OfType<RoundEvent.RevealsClosed>().Single().At >= TimeSpan.FromSeconds(1));
        Assert.Equal(4 * 2 * ((64 + 64) + (64 + 64)), store.ModelBytes(2)!.Length);
    }

    [Fact]
    public async Task A_run_from_a_model_that_is_not_there_is_not_written()
    {
        (int code, _, string error) = await RunAsync("train", "init", "--output", In("run.json"), "--validator", In("v1"), "--model", In("nowhere"));
        Assert.Equal((int)ExitCode.Failed, code);
        Assert.Contains(In("nowhere"), error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter error = new();
        return await RunAsync(error, arguments);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(StringWriter error, string[] arguments)
    {
        using StringWriter output = new();
        int code = await Application.RunAsync(arguments, output, error, _over.Token);
        return (code, output.ToString(), error.ToString());
    }

    private string In(string name) => Path.Combine(_folder, name);

    // Says that a round was judged, and holds up who says so until something has happened.
    private sealed class Waiting(TaskCompletionSource judged, Task then) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.StartsWith("round 1: ", StringComparison.Ordinal) == true && value.Contains(" contributions, ", StringComparison.Ordinal))
            {
                judged.TrySetResult();
                then.Wait(TimeSpan.FromMinutes(3));
            }
        }
    }

    // Takes the address out of the line in which a coordinator says it; a port that is chosen before could be another test's by then.
    private sealed class Listening : StringWriter
    {
        private const string Before = "listening on ";
        private volatile string _address = "";

        public string Address => _address;

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.IndexOf(Before, StringComparison.Ordinal) is >= 0 and int at)
            {
                _address = value[(at + Before.Length)..].Split(' ')[0];
            }
        }
    }
}
