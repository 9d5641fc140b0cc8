using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Verathos.GpuRuntime.Native.Cuda;

/// <summary>
/// libtorch's CUDA side and the first device. Products are not rounded to TF32, and partial sums of bfloat16 products are kept in
/// binary32 and never split; both are tried before the first use. Part of builds with VerathosCuda only.
/// </summary>
internal static unsafe partial class CudaRuntime
{
    // at::BlasBackend::Cublaslt: the only one of libtorch's that can be told not to split sums.
    private const int CublasLt = 2;
    private static readonly Lock s_gate = new();
    private static string? s_identity;

    /// <summary>
    /// What fixes the bits beside libtorch's version: the versions of the run-time compiler and of cuBLASLt, the architecture and the
    /// number of multiprocessors, by which cuBLASLt chooses its kernels. Loads the libraries on first use.
    /// </summary>
    /// <exception cref="NativeRuntimeException">The libraries or a device are missing, or a product is rounded in between.</exception>
    public static string Identity
    {
        get
        {
            lock (s_gate)
            {
                return s_identity ??= Load();
            }
        }
    }

    /// <summary>The device's architecture, for example sm_90.</summary>
    public static string Architecture => CudaDriver.Describe().Architecture;

    /// <summary>Forbids TF32 and every reduction of partial sums that are not binary32.</summary>
    internal static void ForbidReducedPrecision()
    {
        torch.backends.cuda.matmul.allow_tf32 = false;
        torch.backends.cudnn.allow_tf32 = false;

        // Members of at::Context, whose first argument is the object; TorchSharp has no switch for them.
        IntPtr library = NativeRuntime.LoadLibrary(Path.Combine(NativeRuntime.LibtorchPath, "libtorch_cpu.so"));
        IntPtr context = ((delegate* unmanaged<IntPtr>)NativeLibrary.GetExport(library, "_ZN2at13globalContextEv"))();
        if (((delegate* unmanaged<IntPtr, int>)NativeLibrary.GetExport(library, "_ZN2at7Context20blasPreferredBackendEv"))(context) != CublasLt)
        {
            ((delegate* unmanaged<IntPtr, int, void>)NativeLibrary.GetExport(library, "_ZN2at7Context23setBlasPreferredBackendENS_11BlasBackendE"))(context, CublasLt);
        }

        foreach (string name in (string[])["_ZN2at7Context27setAllowBF16ReductionCuBLASEbb", "_ZN2at7Context27setAllowFP16ReductionCuBLASEbb"])
        {
            ((delegate* unmanaged<IntPtr, byte, byte, void>)NativeLibrary.GetExport(library, name))(context, 0, 0);
        }
    }

    private static string Load()
    {
        try
        {
            // One workspace for the products of a stream, kept as long as the process, because recorded work names its address; and
            // cuBLASLt from the start, because libtorch warns of every later choice. Both are read when libtorch is first used.
            _ = setenv("TORCH_CUBLASLT_UNIFIED_WORKSPACE", "1", 1);
            _ = setenv("TORCH_BLAS_PREFER_CUBLASLT", "1", 1);
            NativeRuntime.Load();
            torch.InitializeDeviceType(DeviceType.CUDA);
            if (!torch.cuda.is_available())
            {
                throw new NativeRuntimeException("no CUDA device is there, or its driver is too old for this libtorch");
            }

            ForbidReducedPrecision();
            if (PrecisionProbe.Run() is { } problem)
            {
                throw new NativeRuntimeException(problem);
            }

            (string architecture, int multiprocessors) = CudaDriver.Describe();
            IntPtr library = NativeRuntime.LoadLibrary(Path.Combine(NativeRuntime.LibtorchPath, "libtorch_cuda.so"));
            nuint cublas = ((delegate* unmanaged<nuint>)NativeLibrary.GetExport(library, "cublasLtGetVersion"))();
            return string.Create(CultureInfo.InvariantCulture, $"nvrtc-{new CudaCompiler().Version}/cublaslt-{cublas}/{architecture}-{multiprocessors}");
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or NotSupportedException or InvalidOperationException or TypeInitializationException or ExternalException)
        {
            throw new NativeRuntimeException($"libtorch's CUDA side could not be used: {e.Message}", e);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
