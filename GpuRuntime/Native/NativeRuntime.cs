using System.Runtime.InteropServices;
using TorchSharp;

namespace Verathos.GpuRuntime.Native;

/// <summary>
/// Loads libtorch from the folder that the build or the publish placed once: <c>libtorch</c> beside the program,
/// else <c>libtorch</c> three folders up (the root of the build's artifacts). Call <see cref="Load"/> before the first
/// use of TorchSharp; later calls return at once.
/// </summary>
public static class NativeRuntime
{
    private const string Binding = "libLibTorchSharp.so";
    private static readonly Lock Gate = new();
    private static bool _loaded;

    /// <summary>Loads the native libraries and initialises TorchSharp.</summary>
    /// <exception cref="NativeRuntimeException">The folder, a library in it or the platform's support is missing; the message says what to do.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (_loaded)
            {
                return;
            }

#if VERATHOS_CUDA
            torch.InitializeDeviceType(DeviceType.CPU);
            _loaded = true;
            return;
#else
            if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            {
                throw new NativeRuntimeException("this build carries libtorch for Linux on x64 only");
            }

            LoadFrom(FindFolder(AppContext.BaseDirectory));
            _loaded = true;
#endif
        }
    }

    /// <summary>The libtorch folder for a program that lies in <paramref name="baseDirectory"/>.</summary>
    /// <exception cref="NativeRuntimeException">Neither place has one.</exception>
    public static string FindFolder(string baseDirectory)
    {
        string beside = Path.GetFullPath(Path.Combine(baseDirectory, "libtorch"));
        string shared = Path.GetFullPath(Path.Combine(baseDirectory, "..", "..", "..", "libtorch"));
        return File.Exists(Path.Combine(beside, Binding)) ? beside
            : File.Exists(Path.Combine(shared, Binding)) ? shared
            : throw new NativeRuntimeException(
                $"libtorch was found neither at {beside} nor at {shared}: build or publish the program again, which places it");
    }

    private static void LoadFrom(string folder)
    {
        // The binding's dependencies first and by path: the binding itself may come from memory, where its search path says nothing.
        string[] gomp = Directory.GetFiles(folder, "libgomp-*.so.1");
        foreach (string path in (string[])[.. gomp, Path.Combine(folder, "libc10.so"), Path.Combine(folder, "libtorch_cpu.so"), Path.Combine(folder, "libtorch.so")])
        {
            _ = LoadLibrary(path);
        }

        string bindingPath = Path.Combine(folder, Binding);
        IntPtr binding = SystemLacksHook() ? LoadPatched(bindingPath) : LoadLibrary(bindingPath);
        NativeLibrary.SetDllImportResolver(
            typeof(torch).Assembly,
            (name, _, _) => name == "LibTorchSharp" ? binding : IntPtr.Zero);
        torch.InitializeDeviceType(DeviceType.CPU);
    }

    /// <summary>Whether the system's C++ library is older than GLIBCXX_3.4.32, whose one symbol the binding asks for.</summary>
    private static bool SystemLacksHook() =>
        NativeLibrary.TryLoad("libstdc++.so.6", out IntPtr library)
            ? !NativeLibrary.TryGetExport(library, GlibcxxPatch.HookSymbol, out _)
            : throw new NativeRuntimeException("the system's C++ library libstdc++.so.6 is missing: install it (package libstdc++6)");

    private static IntPtr LoadPatched(string path)
    {
        byte[] image = File.ReadAllBytes(path);
        if (!GlibcxxPatch.TryApply(image, out string? problem))
        {
            throw new NativeRuntimeException($"{path} needs GLIBCXX_3.4.32, which this system's libstdc++ lacks, and could not be adapted: {problem}");
        }

        using MemoryFile file = MemoryFile.Create("libLibTorchSharp", image);
        return LoadLibrary(file.Path);
    }

    private static IntPtr LoadLibrary(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new NativeRuntimeException($"{path} could not be loaded: {e.Message}", e);
        }
    }
}
