using System.Text.Json;
using Verathos.Host.Cli;

namespace Verathos.Host.Tests.Commands;

public sealed class TrainCommandTests : IDisposable
{
    private const string Recipe = """
        {"name": "small", "seed": 5, "documents": 50, "vocabulary_size": 300,
         "model": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
                   "max_position_embeddings": 128, "rope_theta": 10000, "rms_norm_eps": 1e-05},
         "optimiser": {"kind": "adamw", "precision": "f32", "steps": 6, "steps_per_round": 2, "documents_per_round": 20, "rows": 2, "length": 64, "micro_batches": 2, "learning_rate": 0.003, "final_learning_rate": 0.0001, "warmup_steps": 1,
                       "weight_decay": 0.05, "beta1": 0.9, "beta2": 0.98, "clip_norm": 1},
         "corpus_sha256": null}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-train").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Trains_stops_and_continues()
    {
        string recipe = Write("recipe.json", Recipe), output = Path.Combine(_folder, "out");
        string[] command = ["train", "local", "--recipe", recipe, "--output", output];
        (int code, string text, string error) = await RunAsync([.. command, "--stop-after", "2"]);
        Assert.Equal(0, code);
        Assert.Contains("2 of 3, resumed from 0", text, StringComparison.Ordinal);
        Assert.Contains("tokens/s", error, StringComparison.Ordinal);
        Assert.Contains("the same command continues", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(output, "model.safetensors")));

        (code, text, _) = await RunAsync([.. command, "--json"]);
        Assert.Equal(0, code);
        JsonElement[] lines = [.. text.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Contains(lines, line => line.GetProperty("event").GetString() == "step" && line.GetProperty("step").GetInt32() == 6);
        Assert.Equal("done", lines[^1].GetProperty("event").GetString());
        Assert.Equal(2, lines[^1].GetProperty("resumed_from").GetInt32());
        Assert.True(lines[^1].GetProperty("simulated").GetBoolean());
        Assert.True(File.Exists(Path.Combine(output, "model.safetensors")));
        Assert.True(File.Exists(Path.Combine(output, "tokenizer.json")));
        string page = File.ReadAllText(Path.Combine(output, "training", "curve.html"));
        Assert.Contains("judged by nobody", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_is_verified_and_a_changed_one_is_not()
    {
        string output = Path.Combine(_folder, "out"), chain = Path.Combine(output, "training", "chain.cbor");
        string[] verify = ["train", "verify", output];
        await RunAsync(["train", "local", "--recipe", Write("recipe.json", Recipe), "--output", output]);
        (int code, string text, string error) = await RunAsync([.. verify, "--step", "4", "--threads", "2"]);
        Assert.Equal(0, code);
        Assert.Contains("step 4, named by --step", text, StringComparison.Ordinal);
        Assert.Contains("accepted", text, StringComparison.Ordinal);
        Assert.Contains("SIMULATED", error, StringComparison.Ordinal);

        (code, text, _) = await RunAsync([.. verify, "--seed", "3", "--json"]);
        Assert.Equal(0, code);
        JsonElement result = JsonDocument.Parse(text).RootElement;
        Assert.Equal((true, true, 10, 3), (result.GetProperty("accepted").GetBoolean(), result.GetProperty("simulated").GetBoolean(), result.GetProperty("checks").GetArrayLength(), result.GetProperty("replay").GetProperty("seed").GetInt32()));

        (code, _, error) = await RunAsync([.. verify, "--step", "6"]);
        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Contains("from 0 to 5", error, StringComparison.Ordinal);
        (code, text, _) = await RunAsync([.. verify, "--step", "4", "--within-tolerance"]);
        Assert.Equal(0, code);
        Assert.Contains("as asked", text, StringComparison.Ordinal);

        // Gradients are kept with some states alone: the step that was compared is named, and not the one asked for.
        Assert.Contains("step 2, the first one after the nearest state that was kept with its gradient, for --step 4", text, StringComparison.Ordinal);
        Assert.DoesNotContain("step 4, named by --step", text, StringComparison.Ordinal);
        (_, text, _) = await RunAsync([.. verify, "--step", "4", "--within-tolerance", "--json"]);
        JsonElement compared = JsonDocument.Parse(text).RootElement.GetProperty("replay");
        Assert.Equal((4, 2), (compared.GetProperty("asked").GetInt32(), compared.GetProperty("step").GetInt32()));

        File.AppendAllText(Path.Combine(output, "tokenizer.json"), " ");
        (code, text, _) = await RunAsync([.. verify, "--json"]);
        Assert.Equal((int)ExitCode.Rejected, code);
        Assert.Equal("recipe.vocabulary", JsonDocument.Parse(text).RootElement.GetProperty("failed").GetString());
        File.WriteAllBytes(chain, File.ReadAllBytes(chain)[1..]);
        (code, text, _) = await RunAsync(verify);
        Assert.Equal((int)ExitCode.Malformed, code);
        Assert.Contains("not made", text, StringComparison.Ordinal);
        (code, _, error) = await RunAsync(["train", "verify", Path.Combine(_folder, "nowhere")]);
        Assert.NotEqual(0, code);
        Assert.Contains("no model at", error, StringComparison.Ordinal);
    }

    // Without the simulated roots beside it the strict policy rules, which takes no simulated platform.
    [Fact]
    public async Task A_simulated_run_does_not_pass_for_another()
    {
        string output = Path.Combine(_folder, "out");
        await RunAsync(["train", "local", "--recipe", Write("recipe.json", Recipe), "--output", output]);
        Directory.Delete(Path.Combine(output, "training", "roots"), recursive: true);
        (int code, string text, _) = await RunAsync(["train", "verify", output, "--json"]);
        Assert.Equal((int)ExitCode.Rejected, code);
        Assert.Equal("keysets.evidence", JsonDocument.Parse(text).RootElement.GetProperty("failed").GetString());
    }

    [Fact]
    public async Task An_interrupted_run_says_how_to_go_on()
    {
        string recipe = Write("recipe.json", Recipe), output = Path.Combine(_folder, "out");
        using CancellationTokenSource stop = new();
        await stop.CancelAsync();
        (int code, _, string error) = await RunAsync(["train", "local", "--recipe", recipe, "--output", output], stop.Token);
        Assert.Equal((int)ExitCode.Cancelled, code);
        Assert.Contains("stopped", error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_missing_or_wrong_recipe_is_one_line()
    {
        (int code, _, string error) = await RunAsync(["train", "local", "--recipe", Path.Combine(_folder, "none.json")]);
        Assert.Equal((int)ExitCode.Failed, code);
        Assert.Contains("no recipe at", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);

        string wrong = Write("wrong.json", Recipe.Replace("\"rows\": 2", "\"rows\": -2", StringComparison.Ordinal));
        (code, _, error) = await RunAsync(["train", "local", "--recipe", wrong]);
        Assert.Equal((int)ExitCode.Malformed, code);
        Assert.Contains("rows must be above 0", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Records_of_another_recipe_are_not_continued()
    {
        string output = Path.Combine(_folder, "out");
        await RunAsync(["train", "local", "--recipe", Write("a.json", Recipe), "--output", output, "--stop-after", "1"]);
        string other = Write("b.json", Recipe.Replace("\"seed\": 5", "\"seed\": 6", StringComparison.Ordinal));
        (int code, _, string error) = await RunAsync(["train", "local", "--recipe", other, "--output", output]);
        Assert.Equal((int)ExitCode.Failed, code);
        Assert.Contains("--fresh", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Questions_from_a_file_are_scored()
    {
        string file = Write("questions.jsonl", """
            {"question": "What is the capital of France?", "answer": "Paris", "category": "right"}
            {"question": "What is the capital of France?", "answer": "Oslo", "category": "wrong"}
            """);
        (int code, string text, _) = await RunAsync(["model", "eval", "--file", file, "--json"]);
        Assert.Equal(0, code);
        JsonElement set = JsonDocument.Parse(text).RootElement.GetProperty("sets")[0];
        Assert.Equal(1, set.GetProperty("total").GetProperty("right").GetInt32());
        Assert.Equal("wrong", set.GetProperty("wrong")[0].GetProperty("category").GetString());

        (code, text, _) = await RunAsync(["model", "eval", "--file", file]);
        Assert.Equal(0, code);
        Assert.Contains("50.0 %", text, StringComparison.Ordinal);
        Assert.Contains("(expected Oslo)", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_question_file_names_the_line()
    {
        string file = Write("questions.jsonl", "{\"question\": \"x\", \"answer\": \"y\"}\n{}\n");
        (int code, _, string error) = await RunAsync(["model", "eval", "--file", file]);
        Assert.Equal((int)ExitCode.Malformed, code);
        Assert.Contains("line 2: \"question\" is missing", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] args, CancellationToken token = default)
    {
        using StringWriter output = new(), error = new();
        int code = await Application.RunAsync(args, output, error, token);
        return (code, output.ToString(), error.ToString());
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }
}
