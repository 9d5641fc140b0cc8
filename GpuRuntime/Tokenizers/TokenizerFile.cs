using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Opens a vocabulary alone, without a model's weights.</summary>
public static class TokenizerFile
{
    /// <summary>Opens a folder with tokenizer.json, a tokenizer.json itself (with tokenizer_config.json beside it, where there is one), or a GGUF file.</summary>
    /// <exception cref="ModelFormatException">The file is damaged or not supported.</exception>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    public static Tokenizer Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string file = Directory.Exists(path) ? Path.Combine(path, "tokenizer.json") : path;
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"no vocabulary at {file}", file);
        }

        if (Path.GetExtension(file) == ".gguf")
        {
            using GgufFile gguf = GgufFile.Read(file);
            return GgufVocabulary.Read(gguf.Metadata).Tokenizer;
        }

        string config = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, "tokenizer_config.json");
        return TokenizerJson.Load(File.ReadAllBytes(file), File.Exists(config) ? TokenizerConfig.Parse(File.ReadAllBytes(config)) : TokenizerConfig.Empty);
    }
}
