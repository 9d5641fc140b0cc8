using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Verathos.GpuRuntime.Native.Cuda;

/// <summary>The driver's interface (https://docs.nvidia.com/cuda/cuda-driver-api) for the first device, in the context that libtorch uses, too.</summary>
internal static unsafe partial class CudaDriver
{
    // CUdevice_attribute.
    private const int Multiprocessors = 16;
    private const int ComputeCapabilityMajor = 75;
    private const int ComputeCapabilityMinor = 76;
    private static readonly Lock s_gate = new();
    private static IntPtr s_context;

    /// <summary>The device's architecture and number of multiprocessors, for example sm_90 and 132.</summary>
    public static (string Architecture, int Multiprocessors) Describe()
    {
        int device = Device();
        return (string.Create(CultureInfo.InvariantCulture, $"sm_{Attribute(ComputeCapabilityMajor, device)}{Attribute(ComputeCapabilityMinor, device)}"), Attribute(Multiprocessors, device));
    }

    /// <summary>Bytes of the device's memory that are free, and all.</summary>
    public static (long Free, long All) Memory()
    {
        Enter();
        nuint free, all;
        Check(cuMemGetInfo(&free, &all));
        return ((long)free, (long)all);
    }

    /// <summary>Makes the device's primary context, which libtorch uses, the calling thread's.</summary>
    public static void Enter()
    {
        lock (s_gate)
        {
            if (s_context == 0)
            {
                fixed (IntPtr* context = &s_context)
                {
                    Check(cuDevicePrimaryCtxRetain(context, Device()));
                }
            }
        }

        Check(cuCtxSetCurrent(s_context));
    }

    /// <summary>Loads machine code and finds its kernels.</summary>
    public static IntPtr[] LoadKernels(ReadOnlySpan<byte> code, IReadOnlyList<string> names)
    {
        Enter();
        IntPtr module;
        fixed (byte* image = code)
        {
            Check(cuModuleLoadData(&module, image));
        }

        IntPtr[] kernels = new IntPtr[names.Count];
        for (int i = 0; i < kernels.Length; i++)
        {
            fixed (IntPtr* kernel = &kernels[i])
            {
                Check(cuModuleGetFunction(kernel, module, names[i]));
            }
        }

        return kernels;
    }

    /// <summary>Starts a kernel.</summary>
    /// <param name="stream">The stream; null is the one that libtorch's operators use.</param>
    /// <param name="kernel">One of <see cref="LoadKernels"/>.</param>
    /// <param name="rows">Blocks in the first dimension.</param>
    /// <param name="columns">Blocks in the second dimension.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="arguments">Each argument's bytes at the low end of a word.</param>
    public static void Launch(CudaStream? stream, IntPtr kernel, int rows, int columns, int threads, ReadOnlySpan<ulong> arguments)
    {
        void** places = stackalloc void*[arguments.Length];
        fixed (ulong* start = arguments)
        {
            for (int i = 0; i < arguments.Length; i++)
            {
                places[i] = start + i;
            }

            Check(cuLaunchKernel(kernel, (uint)rows, (uint)columns, 1, (uint)threads, 1, 1, 0, stream?.Handle ?? 0, places, null));
        }
    }

    /// <summary>Copies to the device, before anything that is started later.</summary>
    public static void Write<T>(ulong address, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        fixed (T* start = values)
        {
            Check(cuMemcpyHtoD(address, start, (nuint)(values.Length * sizeof(T))));
        }
    }

    /// <summary>Copies from the device, after everything that was started before.</summary>
    public static void Read<T>(ulong address, Span<T> values)
        where T : unmanaged
    {
        fixed (T* start = values)
        {
            Check(cuMemcpyDtoH(start, address, (nuint)(values.Length * sizeof(T))));
        }
    }

    /// <summary>Waits for everything that was started.</summary>
    public static void Synchronize() => Check(cuCtxSynchronize());

    private static int Device()
    {
        int device;
        Check(cuInit(0));
        Check(cuDeviceGet(&device, 0));
        return device;
    }

    private static int Attribute(int attribute, int device)
    {
        int value;
        Check(cuDeviceGetAttribute(&value, attribute, device));
        return value;
    }

    /// <summary>Throws where the driver did not answer 0.</summary>
    internal static void Check(int result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != 0)
        {
            throw new NativeRuntimeException(string.Create(CultureInfo.InvariantCulture, $"the CUDA driver answered {call[..call.IndexOf('(', StringComparison.Ordinal)]} with error {result}"));
        }
    }

    [LibraryImport("libcuda.so.1")]
    private static partial int cuInit(uint flags);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuDeviceGet(int* device, int ordinal);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuDeviceGetAttribute(int* value, int attribute, int device);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuDevicePrimaryCtxRetain(IntPtr* context, int device);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuCtxSetCurrent(IntPtr context);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuCtxSynchronize();

    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemcpyHtoD_v2")]
    private static partial int cuMemcpyHtoD(ulong target, void* source, nuint bytes);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemcpyDtoH_v2")]
    private static partial int cuMemcpyDtoH(void* target, ulong source, nuint bytes);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemGetInfo_v2")]
    private static partial int cuMemGetInfo(nuint* free, nuint* all);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuModuleLoadData(IntPtr* module, void* image);

    [LibraryImport("libcuda.so.1", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int cuModuleGetFunction(IntPtr* kernel, IntPtr module, string name);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuLaunchKernel(
        IntPtr kernel, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint shared, IntPtr stream, void** arguments, void** extra);
}
