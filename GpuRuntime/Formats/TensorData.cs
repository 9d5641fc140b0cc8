namespace Verathos.GpuRuntime.Formats;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Dimensions, outermost first.</param>
/// <param name="Bytes">Its elements, little-endian.</param>
public sealed record TensorData(string Name, TensorType Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Bytes);
