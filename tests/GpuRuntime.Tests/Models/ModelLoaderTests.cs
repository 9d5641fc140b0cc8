using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Models;

public sealed class ModelLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NothingThereIsAFileNotFound() =>
        Assert.Throws<FileNotFoundException>(() => ModelLoader.Load(Path.Combine(_folder, "none"), new LoadOptions()));

    [Theory]
    [InlineData("\"hidden_size\": 64", "\"hidden_size\": -64", "hidden_size")]
    [InlineData("\"hidden_size\": 64", "\"hidden_size\": 128", "model.embed_tokens.weight")]
    [InlineData("\"num_hidden_layers\": 5", "\"num_hidden_layers\": 6", "model.layers.5.input_layernorm.weight")]
    [InlineData("\"num_hidden_layers\": 5", "\"num_hidden_layers\": 4", "model.layers.4.")]
    [InlineData("\"num_hidden_layers\": 5", "\"num_hidden_layers\": 2000000000", "num_hidden_layers")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"mamba\"", "mamba")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\"}", "rope_scaling")]
    [InlineData("\"rope_scaling\": null", "\"rope_parameters\": {\"rope_type\": \"llama3\", \"factor\": 8}", "original_max_position_embeddings")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 8}", "rope_scaling of the type dynamic")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 8, \"extra\": 1}", "rope_scaling with extra")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"linear\", \"type\": \"yarn\", \"factor\": 8}", "rope_scaling with a type and another rope_type")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 0.5}", "a rotary scaling factor")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"original_max_position_embeddings\": 0, \"low_freq_factor\": 1, \"high_freq_factor\": 4}", "original_max_position_embeddings")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"original_max_position_embeddings\": 64, \"low_freq_factor\": 4, \"high_freq_factor\": 4}", "high_freq_factor")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 8, \"beta_fast\": 0.5}", "beta_fast")]
    [InlineData("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 8, \"attention_factor\": -1}", "attention_factor")]
    [InlineData("\"rope_scaling\": null", "\"unheard_of\": 3", "unheard_of")]
    [InlineData("\"rope_scaling\": null", "\"sliding_window\": 64", "sliding_window")]
    [InlineData("\"rope_scaling\": null", "\"layer_types\": [\"full_attention\", \"full_attention\", \"sliding_attention\", \"full_attention\", \"full_attention\"]", "layer_types")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"mistral\"", "no sliding_window")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"mistral\", \"sliding_window\": -5", "a sliding_window of -5")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"mistral\", \"sliding_window\": 0", "a sliding_window of 0")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"qwen2\"", "model.layers.0.self_attn.q_proj.bias")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"qwen2\", \"use_sliding_window\": true", "use_sliding_window without")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"qwen3\"", "model.layers.0.self_attn.q_norm.weight")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"mixtral\"", "num_local_experts")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"mixtral\", \"num_local_experts\": 2, \"num_experts_per_tok\": 3", "num_experts_per_tok")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"mixtral\", \"num_local_experts\": 2000, \"num_experts_per_tok\": 3", "num_experts")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"mixtral\", \"num_local_experts\": 4, \"num_experts_per_tok\": 2", "model.layers.0.mlp.gate.weight")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"qwen3_moe\", \"num_experts\": 4, \"num_experts_per_tok\": 2, \"moe_intermediate_size\": 32", "norm_topk_prob")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"qwen3_moe\", \"decoder_sparse_step\": 2", "decoder_sparse_step")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"qwen3_moe\", \"mlp_only_layers\": [1]", "mlp_only_layers")]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"qwen2_moe\", \"num_experts\": 4, \"num_experts_per_tok\": 2, \"moe_intermediate_size\": 32, \"norm_topk_prob\": true", "shared_expert_intermediate_size")]
    [InlineData("\"rope_scaling\": null", "\"rope_parameters\": {\"type\": \"yarn\"}", "rope_parameters lacks factor")]
    [InlineData("\"rope_scaling\": null", "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 500000.0}", "rope_theta that rope_parameters gives differently")]
    [InlineData("\"rope_scaling\": null", "\"rope_parameters\": {\"partial_rotary_factor\": 0.5}", "rope_parameters with partial_rotary_factor")]
    [InlineData("\"rope_scaling\": null", "\"rope_parameters\": {\"full_attention\": {\"rope_type\": \"default\"}}", "rope_parameters with full_attention")]
    [InlineData("\"rope_scaling\": null", "\"rope_parameters\": 7", "damaged")]
    [InlineData("\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"", "hidden_act")]
    [InlineData("\"attention_bias\": false", "\"attention_bias\": true", "attention_bias")]
    [InlineData("\"num_key_value_heads\": 4", "\"num_key_value_heads\": 3", "num_key_value_heads")]
    public void ConfigurationThatDoesNotFitNamesTheCulprit(string before, string after, string named)
    {
        ModelConverter.Convert(Vectors.Model("stories260K.gguf"), _folder, TestContext.Current.CancellationToken);
        string config = Path.Combine(_folder, "config.json");
        string text = File.ReadAllText(config);
        Assert.Contains(before, text, StringComparison.Ordinal);
        File.WriteAllText(config, text.Replace(before, after, StringComparison.Ordinal));
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => ModelLoader.Load(_folder, new LoadOptions()));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 10000)]
    [InlineData(",\"rope_theta\":20000", 20000)]
    [InlineData(",\"rope_parameters\":{\"rope_theta\":500000.0,\"rope_type\":\"default\"}", 500000)]
    [InlineData(",\"rope_theta\":20000,\"rope_parameters\":{\"rope_theta\":20000,\"partial_rotary_factor\":1.0}", 20000)]
    [InlineData(",\"rope_theta\":20000,\"rope_parameters\":null", 20000)]
    public void TheRotaryBaseIsReadWhereverItStands(string members, double expected)
    {
        string json = $"{{\"model_type\":\"llama\",\"vocab_size\":320,\"hidden_size\":32,\"intermediate_size\":48,\"num_hidden_layers\":2,\"num_attention_heads\":4{members}}}";
        Assert.Equal(expected, HuggingFaceConfig.Parse(System.Text.Encoding.UTF8.GetBytes(json)).RopeTheta);
    }

    [Theory]
    [InlineData("qwen3", "no head_dim")]
    [InlineData("qwen3_moe", "no head_dim")]
    [InlineData("llama", "")]
    public void QwenThreeNeedsTheWidthOfAHead(string type, string named)
    {
        byte[] json = System.Text.Encoding.UTF8.GetBytes($"{{\"model_type\":\"{type}\",\"vocab_size\":320,\"hidden_size\":32,\"intermediate_size\":48,\"num_hidden_layers\":2,\"num_attention_heads\":4}}");
        if (named.Length == 0)
        {
            Assert.Equal(8, HuggingFaceConfig.Parse(json).HeadSize);
        }
        else
        {
            Assert.Contains(named, Assert.Throws<ModelFormatException>(() => HuggingFaceConfig.Parse(json)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void OneChangedWeightChangesTheManifest()
    {
        ModelConverter.Convert(Vectors.Model("stories260K.gguf"), _folder, TestContext.Current.CancellationToken);
        byte[] before = Root();
        Assert.Equal(before, Root());
        string path = Path.Combine(_folder, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.NotEqual(before, Root());
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    public void OneChangedFileChangesTheManifest(string name)
    {
        ModelConverter.Convert(Vectors.Model("stories260K.gguf"), _folder, TestContext.Current.CancellationToken);
        byte[] before = Root();
        File.AppendAllText(Path.Combine(_folder, name), " ");
        Assert.NotEqual(before, Root());
    }

    [Fact]
    public void ProgressCoversEveryStageAndEndsReady()
    {
        Listener listener = new();
        using LoadedModel model = ModelLoader.Load(Vectors.Model("stories260K.gguf"), new LoadOptions(), listener);
        foreach (LoadStage stage in (LoadStage[])[LoadStage.Reading, LoadStage.Hashing])
        {
            LoadProgress last = listener.Seen.Last(p => p.Stage == stage);
            Assert.Equal(last.BytesTotal, listener.Seen.Where(p => p.Stage == stage).Max(p => p.BytesDone));
            Assert.True(last.BytesPerSecond > 0);
        }

        Assert.Equal(LoadStage.Ready, listener.Seen[^1].Stage);
        Assert.Equal(model.Manifest.Bytes, listener.Seen[^1].BytesTotal);
    }

    [Fact]
    public void SeveralFilesWithAnIndexEqualOne()
    {
        ModelConverter.Convert(Vectors.Model("stories260K.gguf"), _folder, TestContext.Current.CancellationToken);
        byte[] before = Root();
        string single = Path.Combine(_folder, "model.safetensors");
        using (SafetensorsFile file = SafetensorsFile.Read(single))
        {
            TensorData[] tensors = [.. file.Tensors.Select(t => new TensorData(t.Name, t.Type, t.Shape, file.Bytes(t).ToArray()))];
            SafetensorsWriter.Write(Path.Combine(_folder, "a.safetensors"), tensors[..10]);
            SafetensorsWriter.Write(Path.Combine(_folder, "b.safetensors"), tensors[10..]);
            string map = string.Join(",", tensors.Select((t, i) => $"\"{t.Name}\":\"{(i < 10 ? "a" : "b")}.safetensors\""));
            File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), $"{{\"weight_map\":{{{map}}}}}");
        }

        File.Delete(single);
        Assert.Equal(before, Root());
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), "{\"weight_map\":{\"x\":\"../x.safetensors\"}}");
        Assert.Contains("../x.safetensors", Assert.Throws<ModelFormatException>(() => ModelLoader.Load(_folder, new LoadOptions())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RandomModelFollowsFromItsSeed()
    {
        using LoadedModel a = SmallModel.Create(seed: 7);
        using LoadedModel b = SmallModel.Create(seed: 7);
        using LoadedModel c = SmallModel.Create(seed: 8);
        Assert.Equal(a.Manifest.Root, b.Manifest.Root);
        Assert.NotEqual(a.Manifest.Root, c.Manifest.Root);
    }

    [Fact]
    public void Bf16IsCloseToF32()
    {
        using LoadedModel wide = SmallModel.Create(NumericProfile.F32);
        using LoadedModel narrow = SmallModel.Create(NumericProfile.Bf16);
        int[] ids = [256, 104, 101, 108, 108, 111];
        float[] a = Logits(wide, ids);
        float[] b = Logits(narrow, ids);
        double error = Math.Sqrt(a.Zip(b).Sum(p => Math.Pow(p.First - p.Second, 2)) / a.Sum(x => (double)x * x));
        Assert.InRange(error, 1e-6, 0.03);
    }

    [Fact]
    public void PromptInPartsEqualsPromptAtOnceWithinRounding()
    {
        using LoadedModel model = SmallModel.Create();
        int[] ids = [.. Enumerable.Range(0, 40).Select(i => i * 7 % 320)];
        float[] whole = Logits(model, ids);
        float[] parts = new float[320];
        using SequenceState state = model.Backend.CreateSequence(ids.Length);
        model.Backend.Forward(state, ids.AsSpan(0, 13), parts);
        model.Backend.Forward(state, ids.AsSpan(13, 26), parts);
        model.Backend.Forward(state, ids.AsSpan(39, 1), parts);
        Assert.Equal(40, state.Length);
        Assert.All(whole.Zip(parts), p => Assert.Equal(p.First, p.Second, 1e-4));
    }

    private static float[] Logits(LoadedModel model, int[] ids)
    {
        float[] logits = new float[model.Config.VocabularySize];
        using SequenceState state = model.Backend.CreateSequence(ids.Length);
        model.Backend.Forward(state, ids, logits);
        return logits;
    }

    private byte[] Root()
    {
        using LoadedModel model = ModelLoader.Load(_folder, new LoadOptions());
        return model.Manifest.Root;
    }

    private sealed class Listener : IProgress<LoadProgress>
    {
        public List<LoadProgress> Seen { get; } = [];

        public void Report(LoadProgress value)
        {
            lock (Seen)
            {
                Seen.Add(value);
            }
        }
    }
}
