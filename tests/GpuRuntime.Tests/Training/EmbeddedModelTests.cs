using System.Runtime.InteropServices;
using TorchSharp;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Evaluation;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed class EmbeddedModelTests
{
    private const long LargestFolder = 12_000_000;

    [Fact]
    public void The_folder_is_small_enough_for_a_repository() =>
        Assert.InRange(new DirectoryInfo(EmbeddedModel.Folder).EnumerateFiles().Sum(f => f.Length), 1, LargestFolder);

    [Fact]
    public void The_recipe_names_the_corpus_that_the_generator_writes() =>
        Assert.Equal(EmbeddedModel.Recipe.CorpusSha256, CorpusFile.Write(EmbeddedModel.Corpus, null));

    [Fact]
    public void Every_number_of_the_closed_world_is_one_token()
    {
        using LoadedModel model = Load(NumericProfile.F32);
        for (int n = 0; n <= ClosedWorld.LargestSum; n++)
        {
            Assert.Single(model.Tokenizer.Encode($"{n}"));
            Assert.Single(model.Tokenizer.Encode($" {n}"));
        }
    }

    [Fact]
    public void Training_and_serving_compute_the_same_logits()
    {
        using LoadedModel served = Load(NumericProfile.F32);
        using LlamaTrainingModel trained = LoadForTraining(served.Config.VocabularySize);
        string[] questions = ["What is 7 plus 5?", "What is the capital of France?", "Tell me a story about a fox."];
        foreach (string question in questions)
        {
            int[] ids = served.Chat!.Encode([new ChatMessage("user", question)], served.Tokenizer);
            using Tensor inputs = tensor(Array.ConvertAll(ids, id => (long)id), [1, ids.Length]);
            using Tensor all = trained.Forward(inputs).detach();
            float[] expected = all.select(1, ids.Length - 1).contiguous().data<float>().ToArray();
            float[] logits = new float[served.Config.VocabularySize];
            using SequenceState sequence = served.Backend.CreateSequence(ids.Length);
            served.Backend.Forward(sequence, ids, logits);
            Assert.Equal(expected.Length, logits.Length);
            for (int i = 0; i < logits.Length; i++)
            {
                Assert.InRange(logits[i] - expected[i], -2e-3f, 2e-3f);
            }
        }
    }

    // A sample, to be quick; `verathos model eval` asks all. The sums never trained are few here, so their bound is lower.
    [Theory]
    [InlineData("f32", 24)]
    [InlineData("bf16", 8)]
    [InlineData("bf16-lane16", 8)]
    public async Task Held_out_questions_are_answered(string profile, int limit)
    {
        Assert.True(NumericProfile.TryParse(profile, out NumericProfile? numbers));
        using LoadedModel model = Load(numbers);
        IReadOnlyList<EvaluationSet> sets = HeldOutSets.Create(EmbeddedModel.Recipe.Seed, limit);
        EvaluationReport report = await new ModelEvaluator(model, 128, TimeProvider.System).RunAsync(sets, null, default);
        Assert.Equal([5 * limit, limit, 4 * limit], report.Sets.Select(s => s.Total.Questions));
        Assert.All(report.Sets, set => Assert.True(set.Total.Score >= (set.Name == "held-out sums" ? 0.85 : 0.9), $"{set.Name}: {set.Total}"));
    }

    [Fact]
    public async Task A_wrong_expectation_is_counted_as_wrong()
    {
        using LoadedModel model = Load(NumericProfile.F32);
        EvaluationSet set = new("own", "", [new("a", "What is the capital of France?", ["Paris"]), new("b", "What is the capital of France?", ["Rome"])]);
        SetScore score = (await new ModelEvaluator(model, 128, TimeProvider.System).RunAsync([set], null, default)).Sets[0];
        Assert.Equal((2, 1), (score.Total.Questions, score.Total.Right));
        Assert.Equal("b", Assert.Single(score.Wrong).Category);
        Assert.Equal([1, 0], score.Categories.Select(c => c.Right));
    }

    [Fact]
    public async Task A_question_that_is_too_long_is_named()
    {
        using LoadedModel model = Load(NumericProfile.Served);
        EvaluationSet set = new("own", "", [new("a", "What is the capital of France?", ["Paris"]), new("b", new string('x', 5000), ["y"])]);
        GenerationException error = await Assert.ThrowsAsync<GenerationException>(
            () => new ModelEvaluator(model, 128, TimeProvider.System).RunAsync([set], null, default));
        Assert.Equal(GenerationError.ContextExceeded, error.Error);
        Assert.StartsWith("\"xxxx", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 60, 200);
    }

    private static LoadedModel Load(NumericProfile profile) =>
        ModelLoader.Load(EmbeddedModel.Folder, new LoadOptions { Profile = profile });

    private static LlamaTrainingModel LoadForTraining(int vocabularySize)
    {
        using SafetensorsFile file = SafetensorsFile.Read(Path.Combine(EmbeddedModel.Folder, "model.safetensors"));
        Dictionary<string, float[]> weights = file.Tensors.ToDictionary(t => t.Name, t =>
        {
            Assert.Equal(TensorType.BF16, t.Type);
            return Array.ConvertAll(
                MemoryMarshal.Cast<byte, ushort>(file.Bytes(t)).ToArray(), half => BitConverter.UInt32BitsToSingle((uint)half << 16));
        });
        return LlamaTrainingModel.FromWeights(EmbeddedModel.Recipe.Model, vocabularySize, weights.GetValueOrDefault);
    }
}
