using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Verathos.GpuRuntime.Native.Cuda;

/// <summary>
/// libtorch's CUDA build and the first device. Products are not rounded to TF32, and partial sums of bfloat16 products are kept in
/// binary32 and never split. Part of builds with VerathosCuda only.
/// </summary>
internal static unsafe partial class CudaRuntime
{
    // CUdevice_attribute of the driver's interface (https://docs.nvidia.com/cuda/cuda-driver-api).
    private const int ComputeCapabilityMajor = 75;
    private const int ComputeCapabilityMinor = 76;
    private static readonly Lock s_gate = new();
    private static string? s_architecture;

    /// <summary>The device's architecture, for example sm_90; loads the libraries on first use.</summary>
    /// <exception cref="NativeRuntimeException">The libraries or a device are missing.</exception>
    public static string Architecture
    {
        get
        {
            lock (s_gate)
            {
                return s_architecture ??= Load();
            }
        }
    }

    private static string Load()
    {
        try
        {
            torch.InitializeDeviceType(DeviceType.CUDA);
            if (!torch.cuda.is_available())
            {
                throw new NativeRuntimeException("no CUDA device is there, or its driver is too old for libtorch 2.10.0");
            }

            torch.backends.cuda.matmul.allow_tf32 = false;
            torch.backends.cudnn.allow_tf32 = false;
            ForbidReducedPrecision();
            return string.Create(CultureInfo.InvariantCulture, $"sm_{Attribute(ComputeCapabilityMajor)}{Attribute(ComputeCapabilityMinor)}");
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or NotSupportedException or TypeInitializationException)
        {
            throw new NativeRuntimeException($"libtorch's CUDA build could not be loaded: {e.Message}", e);
        }
    }

    /// <summary>
    /// at::globalContext().setAllowBF16ReductionCuBLAS(false, false) and the same for FP16: TorchSharp has no switch for bfloat16.
    /// The first argument of a member function is its object.
    /// </summary>
    private static void ForbidReducedPrecision()
    {
        IntPtr library = NativeLibrary.Load("libtorch_cpu.so", typeof(torch).Assembly, null);
        delegate* unmanaged<IntPtr> context = (delegate* unmanaged<IntPtr>)NativeLibrary.GetExport(library, "_ZN2at13globalContextEv");
        foreach (string name in (string[])["_ZN2at7Context27setAllowBF16ReductionCuBLASEbb", "_ZN2at7Context27setAllowFP16ReductionCuBLASEbb"])
        {
            ((delegate* unmanaged<IntPtr, byte, byte, void>)NativeLibrary.GetExport(library, name))(context(), 0, 0);
        }
    }

    private static int Attribute(int attribute)
    {
        int device = 0;
        int value = 0;
        return cuInit(0) == 0 && cuDeviceGet(&device, 0) == 0 && cuDeviceGetAttribute(&value, attribute, device) == 0
            ? value
            : throw new NativeRuntimeException("the CUDA driver does not describe its first device");
    }

    [LibraryImport("libcuda.so.1")]
    private static partial int cuInit(uint flags);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuDeviceGet(int* device, int ordinal);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuDeviceGetAttribute(int* value, int attribute, int device);
}
