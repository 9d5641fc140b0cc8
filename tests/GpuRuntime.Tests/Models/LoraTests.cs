using System.Text.Json.Nodes;
using Verathos.Bench.Architectures;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Models;

/// <summary>
/// Adapters, on weights of so few bits that W + scale B A is exact in binary32: a model with an adapter must give the bits of a
/// model whose weights are that sum.
/// </summary>
public sealed class LoraTests : IDisposable
{
    private const int Rank = 4;
    private const string Module = "model.layers.1.self_attn.q_proj";
    private static readonly int[] Ids = [.. Enumerable.Range(0, 20).Select(static i => (i * 37) + 5)];
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;

    public static TheoryData<string, string, string, bool> Adapted => new()
    {
        { "llama", "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj,lm_head", "f32", false },
        { "llama", "self_attn.q_proj,model.layers.2.mlp.down_proj", "bf16", true },
        { "llama", "q_proj,v_proj", "bf16-lane16", false },
        { "mixtral", "k_proj,w1,w2,gate", "f32", true },
        { "mixtral", "w3,o_proj", "bf16-lane16", false },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Adapted))]
    public void AdapterGivesTheBitsOfTheSum(string name, string targets, string profileName, bool rootScaled)
    {
        Assert.True(NumericProfile.TryParse(profileName, out NumericProfile? profile));
        string model = WriteModel(name);
        string adapter = WriteAdapter(model, targets.Split(','), rootScaled);
        string merged = Merge(model, adapter, rootScaled ? 4 : 2);
        float[] plain = Logits(model, profile);
        float[] adapted = Logits(model, profile, adapter);
        Assert.Equal(Logits(merged, profile), adapted);
        Assert.NotEqual(plain, adapted);
    }

    [Fact]
    public void SeveralAdaptersAddUp()
    {
        string model = WriteModel("llama");
        string first = WriteAdapter(model, ["q_proj"], false, "first");
        string second = WriteAdapter(model, ["q_proj", "up_proj"], false, "second");
        string merged = Merge(Merge(model, first, 2), second, 2);
        Assert.Equal(Logits(merged, NumericProfile.Bf16Lane16), Logits(model, NumericProfile.Bf16Lane16, first, second));
    }

    [Fact]
    public void AdapterFitsTheSameWeightsFromGguf()
    {
        ReferenceModel model = new(ReferenceCases.All.Single(c => c.Name == "llama"), 5);
        string file = Path.Combine(_folder, "model.gguf");
        string folder = Path.Combine(_folder, "model");
        model.WriteGguf(file);
        model.WriteFolder(folder);
        string adapter = WriteAdapter(folder, ["q_proj", "k_proj", "down_proj"], false);
        Assert.Equal(Logits(folder, NumericProfile.F32, adapter), Logits(file, NumericProfile.F32, adapter));
    }

    /// <summary>Weights that are kept as Q8_0 where nothing changes them.</summary>
    [Fact]
    public void AdapterChangesQuantisedWeights()
    {
        ReferenceModel model = new(ReferenceCases.All.Single(c => c.Name == "Q8_0-all"), 5);
        string file = Path.Combine(_folder, "model.gguf");
        string folder = Path.Combine(_folder, "model");
        model.WriteGguf(file);
        model.WriteFolder(folder);
        string adapter = WriteAdapter(folder, ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"], false);
        float[] exact = Logits(folder, NumericProfile.F32, adapter);
        float[] served = Logits(file, NumericProfile.Bf16Lane16, adapter);
        Assert.Equal(exact, Logits(file, NumericProfile.F32, adapter));
        Assert.InRange(Distance(exact, served), 1e-6, 0.05);
        Assert.InRange(Distance(exact, Logits(file, NumericProfile.Bf16Lane16)), 0.2, double.MaxValue);
    }

    [Fact]
    public void ManifestNamesAndCoversTheAdapter()
    {
        string model = WriteModel("llama");
        string adapter = WriteAdapter(model, ["q_proj"], false, "tone");
        using LoadedModel plain = ModelLoader.Load(model, new LoadOptions());
        using LoadedModel adapted = ModelLoader.Load(model, new LoadOptions { Adapters = [adapter] });
        using LoadedModel named = ModelLoader.Load(model, new LoadOptions { Adapters = [adapter], Name = "mine" });
        Assert.Equal("llama+tone", adapted.Manifest.Name);
        Assert.Equal("mine", named.Manifest.Name);
        Assert.NotEqual(plain.Manifest.Root, adapted.Manifest.Root);
        string weights = Path.Combine(adapter, "adapter_model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        using LoadedModel changed = ModelLoader.Load(model, new LoadOptions { Adapters = [adapter] });
        Assert.NotEqual(adapted.Manifest.Root, changed.Manifest.Root);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        File.AppendAllText(Path.Combine(adapter, "adapter_config.json"), " ");
        using LoadedModel reconfigured = ModelLoader.Load(model, new LoadOptions { Adapters = [adapter] });
        Assert.NotEqual(adapted.Manifest.Root, reconfigured.Manifest.Root);
    }

    [Theory]
    [InlineData("peft_type", "\"LOHA\"", "peft_type LOHA")]
    [InlineData("task_type", "\"SEQ_CLS\"", "task_type")]
    [InlineData("bias", "\"all\"", "bias")]
    [InlineData("use_dora", "true", "use_dora")]
    [InlineData("fan_in_fan_out", "true", "fan_in_fan_out")]
    [InlineData("lora_bias", "true", "lora_bias")]
    [InlineData("rank_pattern", "{\"q_proj\": 8}", "rank_pattern")]
    [InlineData("alpha_pattern", "{\"q_proj\": 8}", "alpha_pattern")]
    [InlineData("modules_to_save", "[\"lm_head\"]", "modules_to_save")]
    [InlineData("layers_to_transform", "[0]", "layers_to_transform")]
    [InlineData("r", "0", "r = 0")]
    [InlineData("r", "5000", "r = 5000")]
    [InlineData("r", "8", "lora_A.weight has the shape [4, 128]; the model and r ask for [8, 128]")]
    [InlineData("r", "\"four\"", "damaged or incomplete")]
    [InlineData("lora_alpha", "null", "lora_alpha")]
    [InlineData("target_modules", "[]", "no target_modules")]
    [InlineData("target_modules", "\"all-linear\"", "damaged or incomplete")]
    [InlineData("target_modules", "[\"q_proj\", \"fc1\"]", "the target fc1, which is no matrix")]
    [InlineData("target_modules", "[\"q_proj\", \"embed_tokens\"]", "the target embed_tokens, which is no matrix")]
    [InlineData("target_modules", "[\"q_proj\", \"v_proj\"]", "lacks A or B of model.layers.0.self_attn.v_proj.weight")]
    [InlineData("target_modules", "[\"model.layers.0.self_attn.q_proj\"]", "which is no A or B of its target_modules")]
    [InlineData("unheard_of", "1", "unheard_of")]
    public void ConfigurationThatDoesNotFitNamesTheCulprit(string member, string value, string named)
    {
        string model = WriteModel("llama");
        string adapter = WriteAdapter(model, ["q_proj"], false);
        string path = Path.Combine(adapter, "adapter_config.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        json[member] = JsonNode.Parse(value);
        File.WriteAllText(path, json.ToJsonString());
        Assert.Contains(named, Refusal(model, adapter), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lacks B", "lacks A or B of " + Module)]
    [InlineData("narrow A", "lora_A.weight has the shape [4, 64]")]
    [InlineData("short B", "lora_B.weight has the shape [64, 4]")]
    [InlineData("foreign", "has the tensor extra.weight")]
    [InlineData("unprefixed", "has the tensor " + Module + ".lora_A.weight")]
    [InlineData("no weights", "has no adapter_model.safetensors")]
    [InlineData("no configuration", "has no adapter_config.json")]
    [InlineData("truncated", "lies outside|after its last tensor|truncated")]
    public void TensorsThatDoNotFitAreNamed(string fault, string named)
    {
        string model = WriteModel("llama");
        string adapter = WriteAdapter(model, ["q_proj"], false);
        string path = Path.Combine(adapter, "adapter_model.safetensors");
        string a = $"base_model.model.{Module}.lora_A.weight";
        string b = $"base_model.model.{Module}.lora_B.weight";
        Rewrite(path, tensors => fault switch
        {
            "lacks B" => tensors.Where(t => t.Name != b),
            "narrow A" => tensors.Select(t => t.Name == a ? t with { Shape = [4, 64], Bytes = t.Bytes[..(4 * 64 * 4)] } : t),
            "short B" => tensors.Select(t => t.Name == b ? t with { Shape = [64, 4], Bytes = t.Bytes[..(4 * 64 * 4)] } : t),
            "foreign" => tensors.Append(new TensorData("extra.weight", TensorType.F32, [1, 1], new byte[4])),
            "unprefixed" => tensors.Select(t => t.Name == a ? t with { Name = $"{Module}.lora_A.weight" } : t),
            _ => tensors,
        });
        if (fault.StartsWith("no ", StringComparison.Ordinal))
        {
            File.Delete(fault == "no weights" ? path : Path.Combine(adapter, "adapter_config.json"));
        }
        else if (fault == "truncated")
        {
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..^7]);
        }

        Assert.Matches(string.Join('|', named.Split('|').Select(System.Text.RegularExpressions.Regex.Escape)), Refusal(model, adapter));
    }

    private static double Distance(float[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual).Sum(p => Math.Pow(p.First - p.Second, 2)) / expected.Sum(x => (double)x * x));

    private static string Refusal(string model, string adapter) =>
        Assert.Throws<ModelFormatException>(() => ModelLoader.Load(model, new LoadOptions { Adapters = [adapter] })).Message;

    private static float[] Logits(string path, NumericProfile profile, params string[] adapters)
    {
        using LoadedModel model = ModelLoader.Load(path, new LoadOptions { Profile = profile, Adapters = adapters });
        float[] logits = new float[model.Config.VocabularySize];
        using SequenceState state = model.Backend.CreateSequence(Ids.Length);
        model.Backend.Forward(state, [.. Ids.Select(id => id % model.Config.VocabularySize)], logits);
        return logits;
    }

    /// <summary>A model whose matrices hold multiples of 1/256 below 1/4.</summary>
    private string WriteModel(string name)
    {
        string folder = Path.Combine(_folder, name);
        new ReferenceModel(ReferenceCases.All.Single(c => c.Name == name), 3).WriteFolder(folder);
        foreach (string file in Directory.GetFiles(folder, "*.safetensors"))
        {
            Rewrite(file, tensors => tensors.Select(static t => t.Shape.Count == 1 ? t : t with { Bytes = Encode([.. Decode(t).Select(static v => MathF.Round(v * 256) / 256)]) }));
        }

        return folder;
    }

    /// <summary>An adapter for every matrix that the targets name; A and B hold multiples of 1/16 below 1/4, alpha is 8.</summary>
    private string WriteAdapter(string model, string[] targets, bool rootScaled, string name = "adapter")
    {
        string folder = Path.Combine(_folder, name);
        Directory.CreateDirectory(folder);
        Random random = new(name.Length);
        List<TensorData> tensors = [];
        foreach (TensorData matrix in Tensors(model).Where(t => targets.Any(target => ("." + t.Name).EndsWith($".{target}.weight", StringComparison.Ordinal))))
        {
            foreach ((string part, long[] shape) in ((string, long[])[])[("lora_A", [Rank, matrix.Shape[1]]), ("lora_B", [matrix.Shape[0], Rank])])
            {
                float[] values = [.. Enumerable.Range(0, (int)(shape[0] * shape[1])).Select(_ => random.Next(-4, 5) / 16f)];
                tensors.Add(new TensorData($"base_model.model.{matrix.Name[..^7]}.{part}.weight", TensorType.F32, shape, Encode(values)));
            }
        }

        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), tensors);
        JsonObject json = new()
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["r"] = Rank,
            ["lora_alpha"] = 8,
            ["lora_dropout"] = 0.1,
            ["bias"] = "none",
            ["use_rslora"] = rootScaled,
            ["use_dora"] = false,
            ["fan_in_fan_out"] = false,
            ["rank_pattern"] = new JsonObject(),
            ["modules_to_save"] = null,
            ["base_model_name_or_path"] = "some/model",
            ["target_modules"] = new JsonArray([.. targets.Select(static t => JsonValue.Create(t))]),
        };
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), json.ToJsonString());
        return folder;
    }

    /// <summary>The model with scale B A added to its matrices, in binary64.</summary>
    private string Merge(string model, string adapter, double scale)
    {
        string folder = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(folder);
        using SafetensorsFile deltas = SafetensorsFile.Read(Path.Combine(adapter, "adapter_model.safetensors"));
        Dictionary<string, float[]> parts = deltas.Tensors.ToDictionary(static t => t.Name, t => Decode(new TensorData(t.Name, t.Type, t.Shape, deltas.Bytes(t).ToArray())));
        foreach (string file in Directory.GetFiles(model))
        {
            string copy = Path.Combine(folder, Path.GetFileName(file));
            File.Copy(file, copy);
            if (!file.EndsWith(".safetensors", StringComparison.Ordinal))
            {
                continue;
            }

            Rewrite(copy, tensors => tensors.Select(t =>
            {
                string module = $"base_model.model.{t.Name[..^7]}";
                if (!parts.TryGetValue(module + ".lora_A.weight", out float[]? a))
                {
                    return t;
                }

                float[] b = parts[module + ".lora_B.weight"];
                int columns = (int)t.Shape[1];
                float[] values = Decode(t);
                for (int i = 0; i < values.Length; i++)
                {
                    double sum = 0;
                    for (int k = 0; k < Rank; k++)
                    {
                        sum += (double)b[(i / columns * Rank) + k] * a[(k * columns) + (i % columns)];
                    }

                    values[i] = (float)(values[i] + (scale * sum));
                }

                return t with { Bytes = Encode(values) };
            }));
        }

        return folder;
    }

    private static IEnumerable<TensorData> Tensors(string folder) => Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal).SelectMany(ReadAll);

    private static TensorData[] ReadAll(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Read(path);
        return [.. file.Tensors.Select(t => new TensorData(t.Name, t.Type, t.Shape, file.Bytes(t).ToArray()))];
    }

    private static void Rewrite(string path, Func<IEnumerable<TensorData>, IEnumerable<TensorData>> change) => SafetensorsWriter.Write(path, [.. change(ReadAll(path))]);

    private static float[] Decode(TensorData tensor)
    {
        float[] values = new float[tensor.Shape.Aggregate(1L, static (a, b) => a * b)];
        Quantization.ToSingle(tensor.Type, tensor.Bytes.Span, values);
        return values;
    }

    private static byte[] Encode(float[] values) => Quantization.FromSingle(TensorType.F32, values);
}
