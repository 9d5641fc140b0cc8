using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training.Compression;

namespace Verathos.Enclave.Training;

/// <summary>The trainer's layout as the room of gradients has it.</summary>
internal static class Layouts
{
    public static GradientLayout Of(ParameterLayout layout) => new([.. layout.Tensors.Select(static tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);
}
