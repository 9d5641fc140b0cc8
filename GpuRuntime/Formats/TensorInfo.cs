namespace Verathos.GpuRuntime.Formats;

/// <summary>One tensor of a file, already checked to lie inside it.</summary>
/// <param name="Name">The name as the file gives it.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">Dimensions, outermost first (rows before columns), whatever the file's own order is.</param>
/// <param name="Offset">First byte, from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public sealed record TensorInfo(string Name, TensorType Type, IReadOnlyList<long> Shape, long Offset, long Length)
{
    /// <summary>The most bytes of one tensor; it is handled as one span.</summary>
    public const long MaximumLength = int.MaxValue;

    /// <summary>Elements.</summary>
    public long Elements => Shape.Aggregate(1L, static (product, dimension) => product * dimension);

    /// <summary>Bytes that a tensor takes.</summary>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Dimensions, outermost first.</param>
    /// <param name="length">The bytes, when the result is true.</param>
    /// <returns>False when the product overflows, a dimension is negative or a row is no whole number of blocks.</returns>
    public static bool TryGetLength(TensorType type, IReadOnlyList<long> shape, out long length)
    {
        ArgumentNullException.ThrowIfNull(shape);
        length = 0;
        Int128 elements = 1;
        foreach (long dimension in shape)
        {
            elements *= dimension;
            if (dimension < 0 || elements > long.MaxValue)
            {
                return false;
            }
        }

        TensorLayout layout = TensorLayout.Of(type);
        if (layout.Quantised && (shape.Count == 0 || shape[^1] % layout.BlockElements != 0))
        {
            return false;
        }

        Int128 bytes = elements / layout.BlockElements * layout.BlockBytes;
        length = bytes > long.MaxValue ? 0 : (long)bytes;
        return bytes <= long.MaxValue;
    }
}
