using Verathos.Bench.Architectures;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Models;

/// <summary>GGUF files whose header is well-formed and whose content is no model that this build runs.</summary>
public sealed class GgufModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;

    public static TheoryData<string, string, object?, string> Metadata => new()
    {
        { "llama", "general.architecture", "mamba", "the architecture is mamba" },
        { "llama", "general.architecture", null, "lacks general.architecture" },
        { "llama", "llama.attention.scale", 0.5f, "llama.attention.scale" },
        { "llama", "llama.rope.scaling.attn_factor", 2f, "llama.rope.scaling.attn_factor" },
        { "llama", "llama.block_count", 4u, "lacks the tensor blk.3.attn_norm.weight" },
        { "llama", "llama.block_count", 2u, "has the tensor blk.2.attn_norm.weight" },
        { "llama", "llama.block_count", 2_000_000_000u, "num_hidden_layers" },
        { "llama", "llama.block_count", uint.MaxValue, "llama.block_count is 4294967295, which is out of range" },
        { "llama", "llama.embedding_length", 64u, "tensor token_embd.weight has the shape" },
        { "llama", "llama.feed_forward_length", 161u, "tensor blk.0.ffn_gate.weight has the shape" },
        { "llama", "llama.attention.head_count", 0u, "num_attention_heads" },
        { "llama", "llama.attention.head_count_kv", new[] { 2, 2, 1 }, "llama.attention.head_count_kv is no single whole number" },
        { "llama", "llama.rope.dimension_count", 16u, "llama.rope.dimension_count" },
        { "llama", "llama.attention.value_length", 16u, "llama.attention.value_length" },
        { "llama", "llama.rope.freq_base", 10000u, "llama.rope.freq_base is no floating-point number" },
        { "llama", "llama.attention.layer_norm_rms_epsilon", null, "lacks llama.attention.layer_norm_rms_epsilon" },
        { "llama", "llama.expert_count", 4u, "lacks llama.expert_used_count" },
        { "llama", "tokenizer.ggml.model", "bert", "the kind bert" },
        { "llama-linear", "llama.rope.scaling.type", "longrope", "llama.rope.scaling.type is longrope" },
        { "llama-linear", "llama.rope.scaling.factor", 0.25f, "a rotary scaling factor" },
        { "llama-yarn", "llama.rope.scaling.original_context_length", 0u, "original_max_position_embeddings" },
        { "llama-yarn", "llama.rope.scaling.yarn_beta_fast", 0.5f, "beta_fast" },
        { "llama-llama3", "llama.rope.scaling.type", "linear", "both rope_freqs.weight and llama.rope.scaling.type linear" },
        { "qwen2", "qwen2.attention.sliding_window", 16u, "qwen2.attention.sliding_window" },
        { "qwen2", "qwen2.expert_count", 4u, "qwen2.expert_count" },
        { "mixtral", "llama.expert_count", 8u, "its configuration asks for 8 experts" },
        { "mixtral", "llama.expert_count", 2000u, "num_experts" },
        { "mixtral", "llama.expert_used_count", 7u, "num_experts_per_tok" },
        { "mixtral", "llama.expert_feed_forward_length", 95u, "tensor blk.0.ffn_gate_exps.weight has the shape" },
        { "qwen2moe", "qwen2moe.expert_count", 5u, "its configuration asks for 5 experts" },
        { "qwen2moe", "qwen2moe.expert_count", 0u, "num_experts" },
        { "qwen2moe", "qwen2moe.expert_shared_feed_forward_length", null, "lacks qwen2moe.expert_shared_feed_forward_length" },
        { "qwen3moe", "qwen3moe.expert_feed_forward_length", null, "lacks qwen3moe.expert_feed_forward_length" },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Metadata))]
    public void MetadataThatDoesNotFitIsNamed(string name, string key, object? value, string named) => Refused(
        name,
        metadata =>
        {
            metadata.Remove(key);
            if (value is not null)
            {
                metadata[key] = value;
            }
        },
        tensors => tensors,
        named);

    [Theory]
    [InlineData("qwen2", "blk.1.attn_q.bias", null, "lacks the tensor blk.1.attn_q.bias")]
    [InlineData("qwen3", "blk.1.attn_k_norm.weight", null, "lacks the tensor blk.1.attn_k_norm.weight")]
    [InlineData("mixtral", "blk.0.ffn_down_exps.weight", null, "lacks the tensor blk.0.ffn_down_exps.weight")]
    [InlineData("llama", "blk.0.attn_q.weight", "blk.0.attn_qkv.weight", "lacks the tensor blk.0.attn_q.weight")]
    [InlineData("qwen2moe", "blk.0.ffn_gate_inp_shexp.weight", null, "lacks the tensor blk.0.ffn_gate_inp_shexp.weight")]
    public void TensorsThatAreMissingAreNamed(string name, string tensor, string? renamed, string named) => Refused(
        name,
        _ => { },
        tensors => renamed is null ? tensors.Where(t => t.Name != tensor) : tensors.Select(t => t.Name == tensor ? t with { Name = renamed } : t),
        named);

    [Theory]
    [InlineData("llama", "blk.0.attn_q.bias", "has the tensor blk.0.attn_q.bias")]
    [InlineData("qwen2", "rope_freqs.weight", "has the tensor rope_freqs.weight")]
    [InlineData("llama", "rope_freqs.weight", "the rotary divisors are not 16 positive numbers")]
    [InlineData("llama-llama3", "blk.9.ffn_up.weight", "has the tensor blk.9.ffn_up.weight")]
    public void TensorsThatDoNotBelongAreNamed(string name, string tensor, string named) =>
        Refused(name, _ => { }, tensors => tensors.Append(new TensorData(tensor, TensorType.F32, [8], new byte[32])), named);

    [Fact]
    public void DivisorsMustBePositiveAndF32()
    {
        Refused("llama", _ => { }, tensors => tensors.Append(new TensorData("rope_freqs.weight", TensorType.F32, [16], new byte[64])), "the rotary divisors are not 16 positive numbers");
        Refused("llama", _ => { }, tensors => tensors.Append(new TensorData("rope_freqs.weight", TensorType.F16, [16], new byte[32])), "rope_freqs.weight is no row of F32");
    }

    [Fact]
    public void ShardsMustNotRepeatATensorAndMustBeThere()
    {
        string folder = Path.Combine(_folder, "folder");
        new ReferenceModel(ReferenceCases.All.Single(c => c.Name == "qwen2"), 1).WriteFolder(folder);
        string first = Path.Combine(folder, "model-00001-of-00002.safetensors");
        string second = Path.Combine(folder, "model-00002-of-00002.safetensors");
        byte[] kept = File.ReadAllBytes(second);
        using (SafetensorsFile a = SafetensorsFile.Read(first))
        using (SafetensorsFile b = SafetensorsFile.Read(second))
        {
            SafetensorsWriter.Write(second, [.. b.Tensors.Select(t => new TensorData(t.Name, t.Type, t.Shape, b.Bytes(t).ToArray())), new TensorData(a.Tensors[0].Name, a.Tensors[0].Type, a.Tensors[0].Shape, a.Bytes(a.Tensors[0]).ToArray())]);
        }

        Assert.Contains("is also in another file", Assert.Throws<ModelFormatException>(() => ModelLoader.Load(folder, new LoadOptions())).Message, StringComparison.Ordinal);
        File.WriteAllBytes(second, kept);
        ModelLoader.Load(folder, new LoadOptions()).Dispose();
        File.Delete(second);
        Assert.Contains("model-00002-of-00002.safetensors, which is not in", Assert.Throws<ModelFormatException>(() => ModelLoader.Load(folder, new LoadOptions())).Message, StringComparison.Ordinal);
    }

    private void Refused(string name, Action<Dictionary<string, object>> metadata, Func<IEnumerable<TensorData>, IEnumerable<TensorData>> tensors, string named)
    {
        string path = Path.Combine(_folder, "model.gguf");
        new ReferenceModel(ReferenceCases.All.Single(c => c.Name == name), 1).WriteGguf(path);
        ModelLoader.Load(path, new LoadOptions()).Dispose();
        Dictionary<string, object> entries;
        TensorData[] stored;
        using (GgufFile file = GgufFile.Read(path))
        {
            entries = file.Metadata.ToDictionary(static e => e.Key, static e => e.Value is double d ? (float)d : e.Value is double[] many ? Array.ConvertAll(many, static x => (float)x) : e.Value);
            stored = [.. file.Tensors.Select(t => new TensorData(t.Name, t.Type, t.Shape, file.Bytes(t).ToArray()))];
        }

        metadata(entries);
        GgufWriter.Write(path, [.. tensors(stored)], entries);
        Assert.Contains(named, Assert.Throws<ModelFormatException>(() => ModelLoader.Load(path, new LoadOptions())).Message, StringComparison.Ordinal);
    }
}
