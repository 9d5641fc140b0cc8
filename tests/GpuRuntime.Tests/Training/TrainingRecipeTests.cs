using Verathos.GpuRuntime.Training;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed class TrainingRecipeTests
{
    private static readonly string s_good = EmbeddedModel.Recipe.ToJson();

    [Fact]
    public void A_written_recipe_reads_back_equal()
    {
        Assert.Equal(EmbeddedModel.Recipe, Read(s_good));
        Assert.Equal(EmbeddedModel.Recipe.Digest(), Read(s_good).Digest());
        Assert.NotEqual(EmbeddedModel.Recipe.Digest(), (EmbeddedModel.Recipe with { Seed = 1 }).Digest());
    }

    [Theory]
    [InlineData("\"rows\": 16", "\"rows\": 0", "rows must be above 0")]
    [InlineData("\"num_attention_heads\": 4", "\"num_attention_heads\": 3", "hidden_size must be an even multiple")]
    [InlineData("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "must be a multiple of num_key_value_heads")]
    [InlineData("\"vocabulary_size\": 1280", "\"vocabulary_size\": 100", "vocabulary_size must be from")]
    [InlineData("\"length\": 256", "\"length\": 4096", "length must not be above")]
    [InlineData("\"warmup_steps\": 50", "\"warmup_steps\": 5000", "warmup_steps must be from")]
    [InlineData("\"beta2\": 0.98", "\"beta2\": 1", "beta1 and beta2 must be")]
    [InlineData("\"weight_decay\": 0.05", "\"weight_decay\": -1", "weight_decay and final_learning_rate")]
    [InlineData("\"steps_per_round\": 50", "\"steps_per_round\": 8193", "steps_per_round must not be above")]
    [InlineData("\"documents_per_round\": 3072", "\"documents_per_round\": 200001", "documents_per_round must not be above")]
    [InlineData("\"micro_batches\": 4", "\"micro_batches\": 17", "micro_batches must not be above rows")]
    [InlineData("\"kind\": \"adamw\"", "\"kind\": \"adam\"", "not valid")]
    [InlineData("\"precision\": \"f32\"", "\"precision\": 0", "not valid")]
    [InlineData("\"rows\": 16", "\"rowz\": 16", "not valid")]
    [InlineData("{", "", "not valid")]
    public void A_wrong_value_is_named(string part, string replacement, string message)
    {
        Assert.Contains(part, s_good, StringComparison.Ordinal);
        string wrong = s_good.Replace(part, replacement, StringComparison.Ordinal);
        Assert.Contains(message, Assert.Throws<TrainingException>(() => Read(wrong)).Message, StringComparison.Ordinal);
    }

    private static TrainingRecipe Read(string json)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, json);
            return TrainingRecipe.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
