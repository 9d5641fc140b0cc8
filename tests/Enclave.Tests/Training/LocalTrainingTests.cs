using System.Security.Cryptography;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Tests.Serving;
using Verathos.Enclave.Training;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training.Records;

namespace Verathos.Enclave.Tests.Training;

public sealed class LocalTrainingTests : IDisposable
{
    private static readonly TrainingRecipe s_recipe = new(
        "test", 7, 300, 320,
        new ModelShape(16, 32, 2, 4, 2, 64, 10000, 1e-5),
        new OptimiserSettings(OptimiserKind.AdamW, TrainingPrecision.F32, 8, 2, 20, 3, 32, 3, 0.003, 0.0003, 2, 0.05, 0.9, 0.98, 1),
        null);

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-train").FullName;
    private readonly List<KeysetEvidence> _kept = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_resumed_run_equals_an_uninterrupted_one_bit_for_bit()
    {
        LocalTrainingResult whole = await RunAsync("whole", s_recipe);
        LocalTrainingResult first = await RunAsync("parts", s_recipe, stopAfter: 1);
        Assert.False(first.Completed);
        Assert.False(File.Exists(Path.Combine(_folder, "parts", "model.safetensors")));
        LocalTrainingResult second = await RunAsync("parts", s_recipe, threads: 2);
        Assert.Equal((1, 4, 8, true), (second.ResumedFrom, second.Chain.Count, second.Step, second.Completed));
        Assert.Equal(whole.Loss, second.Loss);
        string[] names = ["model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json", "recipe.json"];
        Assert.All([.. names, "training/state-000000.safetensors", "training/state-000002.safetensors", "training/state-000004.safetensors"], name => Assert.Equal(Hash("whole/" + name), Hash("parts/" + name)));
        Assert.Equal(["state-000000.safetensors", "state-000002.safetensors", "state-000004.safetensors"], Files("parts", "state-*"));
        Assert.Equal(whole.Chain.SelectMany(entry => entry.Steps).Select(step => Convert.ToHexString(step.Encode())), second.Chain.SelectMany(entry => entry.Steps).Select(step => Convert.ToHexString(step.Encode())));
    }

    [Fact]
    public async Task Evidence_is_kept_for_every_keyset_before_anything_is_signed_under_it()
    {
        await RunAsync("run", s_recipe, stopAfter: 1);
        LocalTrainingResult result = await RunAsync("run", s_recipe);
        Assert.Equal(2, _kept.Count);
        Assert.Equal(_kept.Select(kept => Convert.ToHexString(kept.Keyset.Digest.Span)), result.Chain.Select(entry => Convert.ToHexString(entry.Signed.Keyset.Digest.Span)).Distinct());
    }

    [Fact]
    public async Task A_cancelled_run_keeps_its_rounds_and_goes_on()
    {
        using CancellationTokenSource stop = new();
        Callback progress = new(p =>
        {
            if (p.Step == 5)
            {
                stop.Cancel();
            }
        });
        LocalTrainingResult stopped = await Training("run", s_recipe, 1, false, null, progress).RunAsync(stop.Token);
        Assert.Equal((false, 2), (stopped.Completed, stopped.Chain.Count));
        await RunAsync("whole", s_recipe);
        await RunAsync("run", s_recipe);
        Assert.Equal(Hash("whole/model.safetensors"), Hash("run/model.safetensors"));
    }

    // What a kill can leave behind: files half written, and the state of a round whose record was not kept yet.
    [Fact]
    public async Task What_a_kill_leaves_behind_does_not_matter()
    {
        await RunAsync("whole", s_recipe);
        await RunAsync("run", s_recipe, stopAfter: 2);
        File.WriteAllText(Path.Combine(_folder, "run", "training", "chain.cbor.partial"), "killed here");
        File.WriteAllText(Path.Combine(_folder, "run", "training", "state-000003.safetensors.partial"), "killed here");
        File.Copy(Path.Combine(_folder, "whole", "training", "state-000004.safetensors"), Path.Combine(_folder, "run", "training", "state-000003.safetensors"));
        Assert.Equal(2, (await RunAsync("run", s_recipe)).ResumedFrom);
        Assert.Equal(Hash("whole/model.safetensors"), Hash("run/model.safetensors"));
        Assert.Equal(Files("whole", "*"), Files("run", "*").Except(["chain.cbor.partial"]));
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "weight", "not the one that the last record names" },
        { "optimiser", "not the one that the last record names" },
        { "rest", "not the one that the last record names" },
        { "no state", "is missing" },
        { "damaged state", "cannot be read" },
        { "damaged chain", "not a chain" },
        { "record", "Record 1" },
        { "other recipe", "Record 1" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Files_that_were_changed_are_not_continued(string change, string message)
    {
        await RunAsync("run", s_recipe, stopAfter: 1);
        string training = Path.Combine(_folder, "run", "training"), path = Path.Combine(training, "state-000001.safetensors"), chain = Path.Combine(training, "chain.cbor");
        var layout = ParameterLayout.Of(s_recipe.Model.ToConfig(320));
        if (change is "weight" or "optimiser" or "rest")
        {
            var state = TrainingState.Read(path, layout);
            byte[] moment = state.Optimiser![0].Bytes.ToArray();
            moment[0] ^= 1;
            (change switch
            {
                "weight" => state with { Weights = [.. state.Weights.Select((value, i) => i == 7 ? value + 0.001f : value)] },
                "optimiser" => state with { Optimiser = [(state.Optimiser[0].Name, moment), .. state.Optimiser.Skip(1)] },
                _ => state with { Rest = [0] },
            }).Write(path, layout);
        }
        else if (change == "no state")
        {
            File.Delete(path);
        }
        else if (change == "damaged state")
        {
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..1000]);
        }
        else if (change == "damaged chain")
        {
            File.WriteAllBytes(chain, File.ReadAllBytes(chain)[..^1]);
        }
        else if (change == "record")
        {
            Assert.True(ChainFile.TryParse(File.ReadAllBytes(chain), out IReadOnlyList<ChainEntry>? entries));
            byte[] signed = entries[0].Signed.Message.ToArray();
            signed[^1] ^= 1;
            File.WriteAllBytes(chain, ChainFile.Encode([entries[0] with { Signed = entries[0].Signed with { Message = signed } }]));
        }

        TrainingRecipe recipe = change == "other recipe" ? s_recipe with { Name = "another" } : s_recipe;
        TrainingException error = await Assert.ThrowsAsync<TrainingException>(() => RunAsync("run", recipe));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("run", recipe, fresh: true)).ResumedFrom);
    }

    [Fact]
    public async Task A_corpus_that_is_not_the_recipes_is_refused()
    {
        TrainingRecipe other = s_recipe with { CorpusSha256 = new string('0', 64) };
        Assert.Contains("The corpus has SHA-256", (await Assert.ThrowsAsync<TrainingException>(() => RunAsync("run", other))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Training_lowers_the_loss()
    {
        TrainingRecipe longer = s_recipe with { Optimiser = s_recipe.Optimiser with { Steps = 60, StepsPerRound = 20, LearningRate = 0.01 } };
        LocalTrainingResult result = await RunAsync("run", longer);
        float[] losses = [.. result.Chain.SelectMany(entry => entry.Steps).Select(step => step.Loss)];
        Assert.InRange(losses[0], 5.3, 6.3); // ln 320 = 5.77 of an untrained model
        Assert.True(losses.TakeLast(5).Average() < 0.8 * losses[0]);
    }

    private LocalTraining Training(string name, TrainingRecipe recipe, int threads, bool fresh, int? stopAfter, IProgress<LocalProgress>? progress = null) =>
        new(recipe, new LocalTrainingOptions(Path.Combine(_folder, name), threads, fresh, null, stopAfter), new SimulatedDriver(TestNode.Installation, 0), _kept.Add, TimeProvider.System, progress);

    private Task<LocalTrainingResult> RunAsync(string name, TrainingRecipe recipe, int threads = 1, bool fresh = false, int? stopAfter = null) =>
        Training(name, recipe, threads, fresh, stopAfter).RunAsync(CancellationToken.None);

    private string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(_folder, path))));

    private string[] Files(string name, string pattern) =>
        [.. Directory.GetFiles(Path.Combine(_folder, name, "training"), pattern).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private sealed class Callback(Action<LocalProgress> report) : IProgress<LocalProgress>
    {
        public void Report(LocalProgress value) => report(value);
    }
}
