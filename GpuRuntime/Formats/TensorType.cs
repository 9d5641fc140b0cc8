namespace Verathos.GpuRuntime.Formats;

/// <summary>How a file stores a tensor's elements; all little-endian.</summary>
public enum TensorType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16,

    /// <summary>GGML's Q8_0: blocks of 32 elements: one binary16 scale, then 32 signed bytes.</summary>
    Q80,

    /// <summary>GGML's Q4_0: blocks of 32 elements: one binary16 scale, then 16 bytes of two elements each.</summary>
    Q40,

    /// <summary>GGML's Q4_K: blocks of 256 elements in 8 parts with a scale and a minimum of 6 bits each.</summary>
    Q4K,

    /// <summary>GGML's Q5_K: as Q4_K, with a fifth bit for each element.</summary>
    Q5K,

    /// <summary>GGML's Q6_K: blocks of 256 elements of 6 bits in 16 parts with a scale of 8 bits each.</summary>
    Q6K,
}
