using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// What tokenizer.ggml.pre stands for: the patterns that llama.cpp splits text by for it
/// (https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp).
/// </summary>
/// <param name="Stages">The patterns in turn.</param>
/// <param name="IgnoresMerges">Whether a piece that is a token becomes that token whatever the merges say.</param>
/// <param name="AddsBos">Whether a prompt begins with the BOS token where the file does not say.</param>
internal sealed record GgufPreTokenizer(IReadOnlyList<SplitStage> Stages, bool IgnoresMerges = false, bool AddsBos = false)
{
    private static readonly SplitStage[] s_default =
    [
        SplitPatterns.Find(@"[\p{P}\$\+<=>\^~\|]+"),
        WordSplit.Gpt2,
        DigitSplit.NumberRuns,
        SplitPatterns.Find("[0-9][0-9][0-9]"),
    ];

    /// <summary>Finds one by its name.</summary>
    /// <exception cref="ModelFormatException">The name is not known.</exception>
    public static GgufPreTokenizer Find(string name) => name switch
    {
        "default" => new(s_default),
        "llama3" or "llama-v3" or "llama-bpe" => new([WordSplit.Llama3], IgnoresMerges: true, AddsBos: true),
        "tekken" => new([WordSplit.TekkenGguf], IgnoresMerges: true, AddsBos: true),
        "qwen2" or "deepseek-r1-qwen" => new([WordSplit.Qwen2]),
        "gpt-2" or "gpt2" => new([WordSplit.Gpt2]),
        "smollm" => new([DigitSplit.EachNumber, WordSplit.Gpt2]),
        _ => throw new ModelFormatException($"tokenizer.ggml.pre is {name}; default, llama-bpe, tekken, qwen2, gpt-2 and smollm are supported"),
    };
}
