using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Native;

/// <summary>Makes libtorch compute on the calling thread alone, and leaves all other threads as they are.</summary>
/// <remarks>
/// libtorch's own setting is kept by thread too, but it also becomes what every thread starts with that computes for the first time
/// later, in whatever part of the program. So OpenMP and the library of products are set directly, whose numbers are a thread's own.
/// </remarks>
internal static unsafe class OwnThread
{
    // OpenMP 5.2, section 18.2.1; Intel oneMKL's developer reference, "mkl_set_num_threads_local".
    private const string OpenMp = "omp_set_num_threads";
    private const string Products = "MKL_Set_Num_Threads_Local";
    private static readonly Lock s_gate = new();

    /// <summary>Sets it for as long as the thread lives.</summary>
    /// <exception cref="NativeRuntimeException">libtorch cannot be loaded, or went on with more threads.</exception>
    public static void ComputeAlone()
    {
        NativeRuntime.Load();

        // The first question makes libtorch set this thread up, which it would else do later and undo what follows.
        int before = get_num_threads();
        IntPtr library = NativeRuntime.LoadLibrary(Path.Combine(NativeRuntime.LibtorchPath, "libtorch_cpu.so"));
        if (NativeLibrary.TryGetExport(library, OpenMp, out IntPtr openMp) && NativeLibrary.TryGetExport(library, Products, out IntPtr products))
        {
            ((delegate* unmanaged<int, void>)openMp)(1);
            _ = ((delegate* unmanaged<int, int>)products)(1);
        }
        else
        {
            lock (s_gate)
            {
                set_num_threads(1);
                Thread restore = new(() => set_num_threads(before));
                restore.Start();
                restore.Join();
            }
        }

        if (get_num_threads() != 1)
        {
            throw new NativeRuntimeException("libtorch does not compute on one thread where it was told to");
        }
    }
}
