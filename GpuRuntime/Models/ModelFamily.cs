namespace Verathos.GpuRuntime.Models;

/// <summary>The families of decoders that this build runs.</summary>
public enum ModelFamily
{
    /// <summary>Llama 2 and 3, and what is built like them.</summary>
    Llama,

    /// <summary>Llama's shape with an optional sliding window.</summary>
    Mistral,

    /// <summary>Mistral's shape with experts.</summary>
    Mixtral,

    /// <summary>Biases on queries, keys and values.</summary>
    Qwen2,

    /// <summary>Qwen 2 with experts, one of which every token passes.</summary>
    Qwen2Moe,

    /// <summary>Norms on each head's query and key.</summary>
    Qwen3,

    /// <summary>Qwen 3 with experts.</summary>
    Qwen3Moe,
}
