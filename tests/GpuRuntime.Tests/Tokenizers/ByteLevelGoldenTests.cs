using System.Text.Json;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Tokenizers;

/// <summary>Ids that two other implementations gave for SmolLM2's tokenizer.json.</summary>
public class ByteLevelGoldenTests
{
    internal static Tokenizer Load() =>
        TokenizerJson.Load(File.ReadAllBytes(Vectors.Model("smollm2-tokenizer/tokenizer.json")), TokenizerConfig.Empty);

    [Fact]
    public void IdsEqualAndDecodeToTheText()
    {
        Tokenizer tokenizer = Load();
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Vectors.Model("smollm2-tokenizer/golden.json")));
        int cases = 0;
        foreach (JsonElement c in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            string text = c.GetProperty("text").GetString()!;
            int[] ids = [.. c.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32())];
            Assert.True(ids.SequenceEqual(tokenizer.EncodeWithSpecials(text)), $"{JsonSerializer.Serialize(text)}: [{string.Join(",", tokenizer.EncodeWithSpecials(text))}] instead of [{string.Join(",", ids)}]");
            if (!text.Contains("<|", StringComparison.Ordinal))
            {
                Assert.Equal(text, tokenizer.Decode(ids));
            }

            cases++;
        }

        Assert.Equal(43, cases);
    }
}
