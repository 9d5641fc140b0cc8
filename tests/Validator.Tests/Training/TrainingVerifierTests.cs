using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Receipts;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Validator.Training;

namespace Verathos.Validator.Tests.Training;

/// <summary>What the check of a model's training finds, each thing by one check alone: with what was changed put right again it accepts.</summary>
public sealed class TrainingVerifierTests(TrainedModel trained) : IClassFixture<TrainedModel>
{
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void A_run_is_accepted_whichever_step_is_computed_again(int step)
    {
        TrainingVerdict verdict = Verify(trained.Folder, step, threads: 1 + (step % 2));
        Assert.True(verdict.IsAccepted, Text(verdict));
        Assert.Equal(TrainingCheckNames.All, verdict.Checks.Select(check => check.Name));
        Assert.Equal((4, 8, true, true), (verdict.Records, verdict.Steps, verdict.Simulated, verdict.Replay!.BitEqual));
        Assert.Equal((step, step < 4 ? 0 : 4, (step % 4) + 1), (verdict.Replay.Step, verdict.Replay.FromStep, verdict.Replay.Compared));
    }

    [Fact]
    public void A_seed_draws_the_same_step_again_and_another_draws_others()
    {
        int[] steps = [.. Enumerable.Range(0, 6).Select(seed => Verify(trained.Folder, null, seed: (ulong)seed).Replay!.Step)];
        Assert.Equal(steps, Enumerable.Range(0, 6).Select(seed => Verify(trained.Folder, null, seed: (ulong)seed).Replay!.Step));
        Assert.InRange(steps.Distinct().Count(), 2, 6);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(6, 4)]
    public void Gradients_are_compared_where_bits_cannot_be(int step, int compared)
    {
        TrainingVerdict verdict = Verify(trained.Folder, step, tolerance: true);
        Assert.True(verdict.IsAccepted, Text(verdict));
        Assert.Equal((false, compared, 1e-5), (verdict.Replay!.BitEqual, verdict.Replay.Step, verdict.Replay.Tolerance));
        Assert.Equal(0, verdict.Replay.Distance);
    }

    [Fact]
    public void A_step_that_the_run_does_not_have_is_refused() => Assert.Throws<ArgumentException>(() => Verify(trained.Folder, 8));

    public static TheoryData<string, string, string> Changes => new()
    {
        { "no chain", TrainingCheckNames.ChainFormat, "missing" },
        { "cut chain", TrainingCheckNames.ChainFormat, "not a chain" },
        { "tokeniser", TrainingCheckNames.Vocabulary, "tokenizer.json" },
        { "no evidence", TrainingCheckNames.Evidence, "missing" },
        { "damaged evidence", TrainingCheckNames.Evidence, "does not parse" },
        { "signature", TrainingCheckNames.Records, "record 2: Record" },
        { "order", TrainingCheckNames.Records, "record 2: Counter" },
        { "left out", TrainingCheckNames.Records, "record 2: Counter" },
        { "cut short", TrainingCheckNames.Rounds, "there are 3 records" },
        { "steps", TrainingCheckNames.Steps, "record 2 are not those" },
        { "no first state", TrainingCheckNames.States, "state-000000.safetensors is missing" },
        { "no middle state", TrainingCheckNames.States, "state-000002.safetensors is missing" },
        { "no last state", TrainingCheckNames.States, "state-000004.safetensors is missing" },
        { "damaged state", TrainingCheckNames.States, "state-000002.safetensors" },
        { "weights", TrainingCheckNames.States, "the weights in state-000002" },
        { "optimiser", TrainingCheckNames.States, "the optimiser's state in state-000002" },
        { "no optimiser", TrainingCheckNames.States, "state-000002.safetensors has no optimiser" },
        { "gradient", TrainingCheckNames.States, "the gradient in state-000002" },
        { "no model", TrainingCheckNames.Model, "cannot be read" },
        { "model", TrainingCheckNames.Model, "is not the last state's" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_file_that_was_changed_is_named(string change, string check, string detail) => InCopy(folder =>
    {
        string training = Path.Combine(folder, "training"), chain = Path.Combine(training, "chain.cbor"), middle = Path.Combine(training, "state-000002.safetensors");
        IReadOnlyList<ChainEntry> entries = Forger.Read(folder);
        byte[] broken = entries[1].Signed.Message.ToArray();
        broken[^1] ^= 1;
        Dictionary<string, Action> changes = new()
        {
            ["no chain"] = () => File.Delete(chain),
            ["cut chain"] = () => Edit(chain, bytes => bytes[..^1]),
            ["tokeniser"] = () => File.AppendAllText(Path.Combine(folder, "tokenizer.json"), " "),
            ["no evidence"] = () => Directory.Delete(Path.Combine(training, "evidence"), recursive: true),
            ["damaged evidence"] = () => Edit(Directory.GetFiles(Path.Combine(training, "evidence")).Single(), bytes => bytes[..^1]),
            ["signature"] = () => Write(chain, [entries[0], entries[1] with { Signed = entries[1].Signed with { Message = broken } }, .. entries.Skip(2)]),
            ["order"] = () => Write(chain, [entries[0], entries[2], entries[1], entries[3]]),
            ["left out"] = () => Write(chain, [entries[0], entries[2], entries[3]]),
            ["cut short"] = () => Write(chain, [.. entries.Take(3)]),
            ["steps"] = () => Write(chain, [entries[0], entries[1] with { Steps = entries[2].Steps }, .. entries.Skip(2)]),
            ["no first state"] = () => File.Delete(Path.Combine(training, "state-000000.safetensors")),
            ["no middle state"] = () => File.Delete(middle),
            ["no last state"] = () => File.Delete(Path.Combine(training, "state-000004.safetensors")),
            ["damaged state"] = () => Edit(middle, bytes => bytes[..1000]),
            ["weights"] = () => State(middle, state => state with { Weights = [.. state.Weights.Select((value, i) => i == 9 ? value + 1e-6f : value)] }),
            ["optimiser"] = () => State(middle, state => state with { Optimiser = [(state.Optimiser![0].Name, new byte[state.Optimiser[0].Bytes.Length]), .. state.Optimiser.Skip(1)] }),
            ["no optimiser"] = () => State(middle, state => state with { Optimiser = null }),
            ["gradient"] = () => State(middle, state => state with { Gradient = [.. state.Gradient!.Select((value, i) => i == 9 ? value + 1e-6f : value)] }),
            ["no model"] = () => File.Delete(Path.Combine(folder, "model.safetensors")),
            ["model"] = () => Edit(Path.Combine(folder, "model.safetensors"), bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]),
        };
        changes[change]();
        Failed(Verify(folder, 4), check, detail);
    });

    [Fact]
    public void Text_that_is_not_the_recipes_is_named() => InCopy(folder =>
    {
        string recipe = Path.Combine(folder, "recipe.json");
        File.WriteAllText(recipe, File.ReadAllText(recipe).Replace("\"corpus_sha256\": null", $"\"corpus_sha256\": \"{new string('0', 64)}\"", StringComparison.Ordinal));
        Failed(Verify(folder, 4), TrainingCheckNames.Corpus, "The corpus has SHA-256");
    });

    [Fact]
    public void A_recipe_that_was_changed_afterwards_is_another_run() => InCopy(folder =>
    {
        string recipe = Path.Combine(folder, "recipe.json");
        File.WriteAllText(recipe, File.ReadAllText(recipe).Replace("\"learning_rate\": 0.003", "\"learning_rate\": 0.002", StringComparison.Ordinal));
        Failed(Verify(folder, 4), TrainingCheckNames.Evidence, "another run");
    });

    public static TheoryData<string, string> Evidences => new()
    {
        { "another installation", "is not accepted by the policy simulated" },
        { "another keyset", "vouches for another keyset" },
        { "another nonce", "was made for another run" },
        { "another model", "names another model" },
    };

    [Theory]
    [MemberData(nameof(Evidences))]
    public async Task Evidence_of_something_else_is_named(string what, string detail)
    {
        string folder = trained.Copy();
        try
        {
            using Forger forger = new(folder), other = new(folder);
            IReadOnlyList<ChainEntry> chain = Forger.Read(folder);
            string profile = Forger.Claims(chain[0]).NumericProfile;
            using Elsewhere elsewhere = new();
            await forger.WriteEvidenceAsync(profile);
            forger.Resign(chain, (_, record, steps) => (record, steps));
            Assert.True(Verify(folder, 4) is { IsAccepted: true } verdict);
            await (what switch
            {
                "another installation" => forger.WriteEvidenceAsync(profile, installation: elsewhere.Folder),
                "another keyset" => forger.WriteEvidenceAsync(profile, other: other.Keyset),
                "another nonce" => forger.WriteEvidenceAsync(profile, nonce: new byte[32]),
                _ => forger.WriteEvidenceAsync(profile, modelRoot: new byte[32]),
            });
            Failed(Verify(folder, 4), TrainingCheckNames.Evidence, detail);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_production_policy_does_not_take_a_simulated_platform() => Failed(
        new TrainingVerifier(ReadRecipe(trained.Folder), new TrainingVerifyOptions(trained.Folder, Policy.BuiltIn("tdx-h100"), TrustAnchors.Production, 1) { Step = 4 }, (_, _, _) => { }).Run(default),
        TrainingCheckNames.Evidence, "is not accepted by the policy tdx-h100");

    public static TheoryData<string, int, string, string> Forgeries => new()
    {
        { "shard", 4, TrainingCheckNames.Records, "record 3: Shard" },
        { "beacon", 4, TrainingCheckNames.Records, "record 3: Shard" },
        { "base", 4, TrainingCheckNames.Records, "record 3: BaseModel" },
        { "start", 4, TrainingCheckNames.Records, "record 1: BaseModel" },
        { "profile of the evidence", 4, TrainingCheckNames.Records, "another numeric profile" },
        { "not simulated", 4, TrainingCheckNames.Records, "hides that the platform is simulated" },
        { "rest", 4, TrainingCheckNames.Rounds, "not sent" },
        { "fewer steps", 4, TrainingCheckNames.Rounds, "record 3 is of round 3 with 1 steps" },
        { "loss of the record", 4, TrainingCheckNames.Steps, "record 3 contradicts it: Loss" },
        { "base of the step", 4, TrainingCheckNames.Steps, "record 3 contradicts it: BaseModel" },
        { "state between", 4, TrainingCheckNames.Steps, "record 3 goes on from another optimiser's state" },
        { "loss", 4, TrainingCheckNames.Replay, "the recorded loss is" },
        { "loss", 6, TrainingCheckNames.Replay, "step 4 (round 3, step 0): the recorded loss is" },
        { "gradient", 5, TrainingCheckNames.Replay, "the gradient is not the recorded one" },
        { "weights behind", 4, TrainingCheckNames.Replay, "the weights behind it" },
        { "state behind", 4, TrainingCheckNames.Replay, "the optimiser's state behind it" },
        { "result", 5, TrainingCheckNames.Replay, "the end of round 3: the model" },
        { "state of the end", 5, TrainingCheckNames.Replay, "the end of round 3: the optimiser's state" },
        { "gradient of the round", 5, TrainingCheckNames.Replay, "the end of round 3: the gradient of the round" },
        { "another model", 7, TrainingCheckNames.Replay, "the end of round 4: the model" },
    };

    // Everything is signed anew by keys that the evidence vouches for, so that nothing else gives the lie away.
    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task A_lie_that_was_signed_is_named(string lie, int step, string check, string detail)
    {
        string folder = trained.Copy();
        try
        {
            using Forger forger = new(folder);
            IReadOnlyList<ChainEntry> chain = Forger.Read(folder);
            await forger.WriteEvidenceAsync(lie == "profile of the evidence" ? "another" : Forger.Claims(chain[0]).NumericProfile);
            byte[] other = [.. Enumerable.Repeat((byte)7, 32)];
            byte[] result = lie == "another model" ? Exchange(folder) : other;
            forger.Resign(chain, (i, record, steps) => Lie(lie, i, record, steps, lie == "another model" ? result : other));
            Failed(Verify(folder, step), check, detail);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Where no bits are compared, the tolerance is what a wrong gradient has to stay within.
    [Fact]
    public async Task A_signed_gradient_beyond_the_tolerance_is_named()
    {
        string folder = trained.Copy();
        try
        {
            using Forger forger = new(folder);
            IReadOnlyList<ChainEntry> chain = Forger.Read(folder);
            await forger.WriteEvidenceAsync(Forger.Claims(chain[0]).NumericProfile);
            byte[] root = [];
            State(Path.Combine(folder, "training", "state-000002.safetensors"), state =>
            {
                float[] gradient = [.. state.Gradient!.Select(value => value * 1.0001f)];
                root = TrainingRoots.OfDenseGradient(Layout(folder), gradient);
                return state with { Gradient = gradient };
            });
            forger.Resign(chain, (i, record, steps) => i == 2 ? Rooted(record, [steps[0] with { GradientRoot = root }, steps[1]]) : (record, steps));
            Failed(Verify(folder, 4, tolerance: true), TrainingCheckNames.Replay, "step 4: the gradient is 1.0E-4 from the recorded one");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (TrainingRecord, TrainingStep[]) Lie(string lie, int i, TrainingRecord record, TrainingStep[] steps, byte[] other) => (lie, i) switch
    {
        ("shard", 2) => (record with { ShardRoot = other }, steps),
        ("beacon", 2) => (record with { Beacon = other }, steps),
        ("base", 2) => Rooted(record with { BaseModelRoot = other }, [steps[0] with { ModelRoot = other }, steps[1]]),
        ("start", 0) => Rooted(record with { BaseModelRoot = other }, [steps[0] with { ModelRoot = other }, steps[1]]),
        ("not simulated", 2) => (record with { Simulated = false }, steps),
        ("rest", 2) => (record with { ErrorFeedbackRoot = other }, steps),
        ("fewer steps", 2) => Rooted(record with { Losses = [record.Losses[0]] }, [steps[0]]),
        ("loss of the record", 2) => (record with { Losses = [record.Losses[0], 1] }, steps),
        ("base of the step", 2) => Rooted(record, [steps[0] with { ModelRoot = other }, steps[1]]),
        ("state between", 2) => Rooted(record, [steps[0] with { OptimiserRoot = other }, steps[1]]),
        ("loss", 2) => Rooted(record with { Losses = [1, record.Losses[1]] }, [steps[0] with { Loss = 1 }, steps[1]]),
        ("gradient", 2) => Rooted(record, [steps[0], steps[1] with { GradientRoot = other }]),
        ("weights behind", 2) => Rooted(record, [steps[0], steps[1] with { ModelRoot = other }]),
        ("state behind", 2) => Rooted(record, [steps[0], steps[1] with { OptimiserRoot = other }]),
        ("result", 2) => (record with { ResultRoot = other }, steps),
        ("result", 3) => Rooted(record with { BaseModelRoot = other }, [steps[0] with { ModelRoot = other }, steps[1]]),
        ("state of the end", 2) => (record with { OptimiserRoot = other }, steps),
        ("state of the end", 3) => Rooted(record, [steps[0] with { OptimiserRoot = other }, steps[1]]),
        ("gradient of the round", 2) => (record with { GradientRoot = other }, steps),
        ("another model", 3) => (record with { ResultRoot = other }, steps),
        _ => (record, steps),
    };

    private static (TrainingRecord, TrainingStep[]) Rooted(TrainingRecord record, TrainingStep[] steps) => (record with { StepsRoot = StepOpening.Root(steps) }, steps);

    // Another model in the place of the trained one, in the last state and in the model's own file.
    private static byte[] Exchange(string folder)
    {
        byte[] root = [];
        State(Path.Combine(folder, "training", "state-000004.safetensors"), state =>
        {
            float[] weights = [.. state.Weights.Select(value => value * 1.5f)];
            root = TrainingRoots.OfModel(Layout(folder), weights);
            var layout = ParameterLayout.Of(ReadRecipe(folder).Model.ToConfig(300));
            SafetensorsWriter.Write(
                Path.Combine(folder, "model.safetensors"),
                [
                    .. layout.Tensors.Select((tensor, i) => new TensorData(
                        tensor.Name, TensorType.BF16, [tensor.Rows, tensor.Columns], ModelFolder.ToHalf(weights.AsSpan(layout.Offset(i), tensor.Rows * tensor.Columns)))),
                ]);
            return state with { Weights = weights };
        });
        return root;
    }

    private static GradientLayout Layout(string folder) => new([
        .. ParameterLayout.Of(ReadRecipe(folder).Model.ToConfig(300)).Tensors.Select(tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);

    private static void State(string path, Func<TrainingState, TrainingState> change)
    {
        var layout = ParameterLayout.Of(ReadRecipe(Path.GetDirectoryName(Path.GetDirectoryName(path))!).Model.ToConfig(300));
        change(TrainingState.Read(path, layout)).Write(path, layout);
    }

    private static void Edit(string path, Func<byte[], byte[]> change) => File.WriteAllBytes(path, change(File.ReadAllBytes(path)));

    private static void Write(string path, IReadOnlyList<ChainEntry> chain) => File.WriteAllBytes(path, ChainFile.Encode(chain));

    private static void Failed(TrainingVerdict verdict, string check, string detail)
    {
        Assert.False(verdict.IsAccepted);
        Assert.Equal(check, verdict.Failure?.Name);
        Assert.Contains(detail, verdict.Failure!.Detail, StringComparison.Ordinal);
        Assert.Same(verdict.Failure, verdict.Checks[^1]);
    }

    private static string Text(TrainingVerdict verdict) => verdict.Failure?.ToString() ?? "not everything was checked";

    private static TrainingRecipe ReadRecipe(string folder) => TrainingRecipe.Read(Path.Combine(folder, "recipe.json"));

    private static TrainingVerdict Verify(string folder, int? step, int threads = 1, ulong seed = 0, bool tolerance = false)
    {
        Assert.True(TrustAnchors.TryLoadSimulated(Path.Combine(folder, "training", "roots"), out TrustAnchors? anchors, out string? error), error);
        TrainingVerifyOptions options = new(folder, Policy.BuiltIn("simulated"), anchors!, threads) { Step = step, Seed = seed, WithinTolerance = tolerance };
        return new TrainingVerifier(ReadRecipe(folder), options, (_, _, _) => { }).Run(CancellationToken.None);
    }

    private void InCopy(Action<string> test)
    {
        string folder = trained.Copy();
        try
        {
            test(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class Elsewhere : IDisposable
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("verathos-elsewhere").FullName;

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
