namespace Verathos.GpuRuntime.Models;

/// <summary>How rotary frequencies are stretched for texts longer than those of the first training.</summary>
public enum RopeScalingKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>All frequencies are divided by one factor.</summary>
    Linear,

    /// <summary>Llama 3.1's: low frequencies are divided, high ones kept, those between mixed.</summary>
    Llama3,

    /// <summary>YaRN (https://arxiv.org/abs/2309.00071): the same idea with other limits, and cosines and sines are multiplied.</summary>
    Yarn,

    /// <summary>Each frequency is divided by a number that the file gives (GGUF's rope_freqs).</summary>
    Factors,
}
