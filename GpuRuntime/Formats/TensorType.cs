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
}
