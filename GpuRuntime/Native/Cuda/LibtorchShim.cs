using System.Globalization;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Native.Cuda;

/// <summary>Functions of libtorch's stable C interface (torch/csrc/inductor/aoti_torch/c) that the binding does not have.</summary>
internal static unsafe class LibtorchShim
{
    private static readonly IntPtr s_library = NativeRuntime.LoadLibrary(Path.Combine(NativeRuntime.LibtorchPath, "libtorch_cuda.so"));
    private static readonly delegate* unmanaged<IntPtr, IntPtr, IntPtr, int> s_multiply = (delegate* unmanaged<IntPtr, IntPtr, IntPtr, int>)Export("aoti_torch_cuda_mm_out");
    private static readonly delegate* unmanaged<IntPtr, int, IntPtr*, int> s_use = (delegate* unmanaged<IntPtr, int, IntPtr*, int>)Export("aoti_torch_create_cuda_stream_guard");
    private static readonly delegate* unmanaged<IntPtr, int> s_leave = (delegate* unmanaged<IntPtr, int>)Export("aoti_torch_delete_cuda_stream_guard");

    /// <summary>Writes left times right to a tensor that is there.</summary>
    public static void Multiply(Tensor left, Tensor right, Tensor result) => Check(s_multiply(result.Handle, left.Handle, right.Handle), "a product");

    /// <summary>Makes a stream the one that this thread's operators use on the first device.</summary>
    /// <returns>What ends that.</returns>
    public static IntPtr Use(IntPtr stream)
    {
        IntPtr guard;
        Check(s_use(stream, 0, &guard), "a stream");
        return guard;
    }

    /// <summary>Ends what <see cref="Use"/> began.</summary>
    public static void Leave(IntPtr guard) => Check(s_leave(guard), "the end of a stream");

    private static IntPtr Export(string name) => NativeLibrary.TryGetExport(s_library, name, out IntPtr address)
        ? address
        : throw new NativeRuntimeException($"the libtorch in {NativeRuntime.LibtorchPath} does not have {name}");

    // libtorch has then written what it met to standard error.
    private static void Check(int result, string what)
    {
        if (result != 0)
        {
            throw new NativeRuntimeException(string.Create(CultureInfo.InvariantCulture, $"libtorch refused {what} with error {result}"));
        }
    }
}
