using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Models;

public sealed class ModelConverterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ConvertedModelGivesTheSameIdsAndTokens()
    {
        ModelConverter.Convert(Vectors.Model("stories260K.gguf"), _folder, TestContext.Current.CancellationToken);
        using LoadedModel original = ModelLoader.Load(Vectors.Model("stories260K.gguf"), new LoadOptions());
        using LoadedModel converted = ModelLoader.Load(_folder, new LoadOptions { Profile = NumericProfile.F32 });
        Assert.Equal(original.Config, converted.Config);
        Assert.Equal(original.StopIds, converted.StopIds);
        await using InferenceEngine engine = new(converted, new EngineOptions());
        foreach ((string prompt, int[] promptIds, int[] ids, string text) in GreedyGoldenTests.Cases())
        {
            Assert.Equal(promptIds, converted.Tokenizer.EncodePrompt(prompt));
            Assert.Equal(ids, await GreedyGoldenTests.GenerateAsync(engine, promptIds, ids.Length));
            Assert.Equal(text, converted.Tokenizer.Decode(ids));
        }

        foreach (string text in (string[])["", " ", "  two  spaces ", "Zoë 日本 🚀", "a\nb\tc", "<s> is text", "The End. 1234567890", "ﬁ ½ \u0001"])
        {
            int[] ids = original.Tokenizer.Encode(text);
            Assert.Equal(ids, converted.Tokenizer.Encode(text));
            Assert.Equal(text, converted.Tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void ConvertingKeepsEveryWeight()
    {
        ModelConverter.Convert(Vectors.Model("stories260K.gguf"), _folder, TestContext.Current.CancellationToken);
        using ModelSource original = GgufModel.Open(Vectors.Model("stories260K.gguf"), null, CancellationToken.None);
        using ModelSource converted = HuggingFaceFolder.Open(_folder, null, CancellationToken.None);
        Assert.Equal(original.Tensors.Keys.Order(), converted.Tensors.Keys.Order());
        foreach ((string name, StoredTensor tensor) in original.Tensors)
        {
            Assert.Equal(Floats(tensor), Floats(converted.Tensors[name]));
        }
    }

    private static unsafe float[] Floats(StoredTensor tensor)
    {
        float[] values = new float[tensor.Info.Elements];
        fixed (float* start = values)
        {
            tensor.CopyToSingle(start);
        }

        return values;
    }
}
