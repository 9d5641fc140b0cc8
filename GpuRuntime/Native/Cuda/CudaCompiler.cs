using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Verathos.GpuRuntime.Native.Cuda;

/// <summary>NVIDIA's run-time compiler (https://docs.nvidia.com/cuda/nvrtc), which libtorch's CUDA build brings.</summary>
internal sealed unsafe class CudaCompiler
{
    private readonly IntPtr _library;

    /// <summary>Takes the compiler that libtorch's own library for it depends on.</summary>
    /// <exception cref="NativeRuntimeException">It is not there.</exception>
    public CudaCompiler() => _library = NativeRuntime.LoadLibrary(Path.Combine(NativeRuntime.LibtorchPath, "libcaffe2_nvrtc.so"));

    /// <summary>The compiler's version.</summary>
    public Version Version
    {
        get
        {
            int major, minor;
            Check(((delegate* unmanaged<int*, int*, int>)Export("nvrtcVersion"))(&major, &minor), "nvrtcVersion");
            return new Version(major, minor);
        }
    }

    /// <summary>Compiles a source to machine code.</summary>
    /// <param name="source">CUDA C++.</param>
    /// <param name="options">The compiler's options.</param>
    /// <exception cref="NativeRuntimeException">It does not compile.</exception>
    public byte[] Compile(string source, IReadOnlyList<string> options)
    {
        IntPtr program;
        byte[] text = Terminated(source);
        byte[][] given = [.. options.Select(Terminated)];
        GCHandle[] pins = [.. given.Select(static option => GCHandle.Alloc(option, GCHandleType.Pinned))];
        try
        {
            byte** pointers = stackalloc byte*[Math.Max(1, pins.Length)];
            for (int i = 0; i < pins.Length; i++)
            {
                pointers[i] = (byte*)pins[i].AddrOfPinnedObject();
            }

            fixed (byte* start = text)
            {
                Check(((delegate* unmanaged<IntPtr*, byte*, byte*, int, byte**, byte**, int>)Export("nvrtcCreateProgram"))(&program, start, null, 0, null, null), "nvrtcCreateProgram");
            }

            int result = ((delegate* unmanaged<IntPtr, int, byte**, int>)Export("nvrtcCompileProgram"))(program, pins.Length, pointers);
            if (result != 0)
            {
                throw new NativeRuntimeException($"the kernels do not compile: {Encoding.UTF8.GetString(Read(program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog")).TrimEnd('\0', '\n')}");
            }

            return Read(program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN");
        }
        finally
        {
            Array.ForEach(pins, static pin => pin.Free());
        }
    }

    private static byte[] Terminated(string text) => Encoding.UTF8.GetBytes(text + '\0');

    private byte[] Read(IntPtr program, string sizeName, string name)
    {
        nuint size;
        Check(((delegate* unmanaged<IntPtr, nuint*, int>)Export(sizeName))(program, &size), sizeName);
        byte[] bytes = new byte[size];
        fixed (byte* start = bytes)
        {
            Check(((delegate* unmanaged<IntPtr, byte*, int>)Export(name))(program, start), name);
        }

        return bytes;
    }

    private IntPtr Export(string name) => NativeLibrary.TryGetExport(_library, name, out IntPtr address)
        ? address
        : throw new NativeRuntimeException($"libtorch's libcaffe2_nvrtc.so does not bring {name}");

    private static void Check(int result, string call)
    {
        if (result != 0)
        {
            throw new NativeRuntimeException(string.Create(CultureInfo.InvariantCulture, $"CUDA's run-time compiler answered {call} with error {result}"));
        }
    }
}
