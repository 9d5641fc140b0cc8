using System.Text.Json;
using Verathos.Bench.Engine;
using Verathos.Bench.Statistics;
using Verathos.Testing;

namespace Verathos.Bench.Tests.Engine;

public class EngineWorkerTests
{
    [Fact]
    public async Task AnswersAsTheScriptOfLlamaCppDoes()
    {
        string load = JsonSerializer.Serialize(new { op = "load", path = Vectors.Model("stories260K.gguf"), threads = 1, profile = "bf16-lane16", context = 128 });
        string generate = JsonSerializer.Serialize(new { op = "generate", prompts = new[] { new[] { 1, 403, 407 }, [1, 403] }, tokens = 5 });
        List<JsonElement> answers = await RunAsync(load, generate, generate);
        Assert.Equal(3, answers.Count);
        Assert.Empty(answers[0].EnumerateObject());
        foreach (JsonElement answer in answers[1..])
        {
            Assert.Equal([5, 5], answer.GetProperty("counts").EnumerateArray().Select(static c => c.GetInt32()));
            double[] first = [.. answer.GetProperty("first").EnumerateArray().Select(static t => t.GetDouble())];
            double[] last = [.. answer.GetProperty("last").EnumerateArray().Select(static t => t.GetDouble())];
            Assert.All(first.Zip(last), static times => Assert.True(times.First > 0 && times.First <= times.Second));
        }
    }

    [Fact]
    public async Task AnUnknownProfileIsAnError()
    {
        List<JsonElement> answers = await RunAsync("""{"op":"load","path":"x","threads":1,"profile":"int3","context":8}""");
        Assert.Equal("there is no such profile", answers.Single().GetProperty("error").GetString());
    }

    [Fact]
    public void AGoalHoldsFromItsRequiredMedianOn()
    {
        Assert.True(new EngineGoal("m", "g", 1.5, PairedRatio.Of([3], [2])).Holds);
        Assert.False(new EngineGoal("m", "g", 1.5, PairedRatio.Of([2.9], [2])).Holds);
    }

    private static async Task<List<JsonElement>> RunAsync(params string[] requests)
    {
        using StringReader input = new(string.Join('\n', requests));
        using StringWriter output = new();
        await EngineWorker.RunAsync(input, output, TestContext.Current.CancellationToken);
        return [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonSerializer.Deserialize<JsonElement>(line))];
    }
}
