namespace Verathos.GpuRuntime.Formats;

/// <summary>How an element type lies in memory, and what it is called.</summary>
/// <param name="Type">The type.</param>
/// <param name="Name">GGML's name, which manifests carry.</param>
/// <param name="Code">The number that stands for it in GGUF.</param>
/// <param name="BlockElements">Elements of a block; a row is a whole number of blocks.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
public sealed record TensorLayout(TensorType Type, string Name, int Code, int BlockElements, int BlockBytes)
{
    /// <summary>All layouts, in the order of <see cref="TensorType"/>.</summary>
    public static IReadOnlyList<TensorLayout> All { get; } =
    [
        new(TensorType.F32, "F32", 0, 1, 4),
        new(TensorType.F16, "F16", 1, 1, 2),
        new(TensorType.BF16, "BF16", 30, 1, 2),
        new(TensorType.Q80, "Q8_0", 8, 32, 34),
        new(TensorType.Q40, "Q4_0", 2, 32, 18),
        new(TensorType.Q4K, "Q4_K", 12, 256, 144),
        new(TensorType.Q5K, "Q5_K", 13, 256, 176),
        new(TensorType.Q6K, "Q6_K", 14, 256, 210),
    ];

    /// <summary>Whether elements share scales.</summary>
    public bool Quantised => BlockElements > 1;

    /// <summary>The layout of a type.</summary>
    public static TensorLayout Of(TensorType type) => All[(int)type];

    /// <summary>Bytes of a number of elements, or null where they are no whole number of blocks.</summary>
    public long? Bytes(long elements) => elements % BlockElements == 0 ? elements / BlockElements * BlockBytes : null;
}
