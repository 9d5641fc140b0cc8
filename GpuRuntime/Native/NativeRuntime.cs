using System.Runtime.InteropServices;
using TorchSharp;

namespace Verathos.GpuRuntime.Native;

/// <summary>
/// Loads libtorch from the folder that the build or the publish placed once, beside the program or else three folders up (the
/// root of the build's artifacts). Call <see cref="Load"/> before the first use of TorchSharp; later calls return at once.
/// </summary>
/// <remarks>
/// The CPU build has libtorch in that folder. A CUDA build has the binding there only, and beside it <c>lib</c>: the libraries of
/// a libtorch with CUDA, or a link to them, which whoever runs the program put there.
/// </remarks>
public static class NativeRuntime
{
    private const string Binding = "libLibTorchSharp.so";
#if VERATHOS_CUDA
    private const string FolderName = "libtorch-cuda";
#else
    private const string FolderName = "libtorch";
#endif
    private static readonly Lock Gate = new();
    private static Version? _version;
    private static IntPtr _binding;

    /// <summary>The version of the libtorch that is loaded; loads it on first use.</summary>
    /// <exception cref="NativeRuntimeException">As in <see cref="Load"/>.</exception>
    public static Version LibtorchVersion
    {
        get
        {
            Load();
            return _version!;
        }
    }

    /// <summary>The folder that libtorch was loaded from.</summary>
    internal static string LibtorchPath { get; private set; } = string.Empty;

    /// <summary>The address of a function of the binding, once that is loaded.</summary>
    internal static IntPtr BindingExport(string name) => NativeLibrary.GetExport(_binding, name);

    /// <summary>Loads the native libraries and initialises TorchSharp.</summary>
    /// <exception cref="NativeRuntimeException">The folder, a library in it or the platform's support is missing; the message says what to do.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (_version is not null)
            {
                return;
            }

            if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            {
                throw new NativeRuntimeException("this build carries its native code for Linux on x64 only");
            }

            string folder = FindFolder(AppContext.BaseDirectory);
#if VERATHOS_CUDA
            _version = LoadFrom(folder, LibtorchFolder.Find(folder, "libtorch_cuda.so"), ["libtorch_cuda.so"]);
#else
            _version = LoadFrom(folder, folder, []);
#endif
        }
    }

    /// <summary>The libtorch folder for a program that lies in <paramref name="baseDirectory"/>.</summary>
    /// <exception cref="NativeRuntimeException">Neither place has one.</exception>
    public static string FindFolder(string baseDirectory)
    {
        string beside = Path.GetFullPath(Path.Combine(baseDirectory, FolderName));
        string shared = Path.GetFullPath(Path.Combine(baseDirectory, "..", "..", "..", FolderName));
        return File.Exists(Path.Combine(beside, Binding)) ? beside
            : File.Exists(Path.Combine(shared, Binding)) ? shared
            : throw new NativeRuntimeException(
                $"libtorch was found neither at {beside} nor at {shared}: build or publish the program again, which places it");
    }

    private static Version LoadFrom(string folder, string libraries, string[] more)
    {
        // The binding's dependencies first and by path: the binding itself may come from memory, where its search path says nothing.
        string[] gomp = Directory.GetFiles(libraries, "libgomp-*.so.1");
        foreach (string path in gomp.Concat(LibtorchFolder.Libraries.Concat(more).Select(name => Path.Combine(libraries, name))))
        {
            _ = LoadLibrary(path);
        }

        LibtorchPath = libraries;
        Version version = LibtorchVersionCheck.Loaded(LoadLibrary(Path.Combine(libraries, "libtorch_cpu.so")), libraries);
        string bindingPath = Path.Combine(folder, Binding);
        _binding = SystemLacksHook() ? LoadPatched(bindingPath) : LoadLibrary(bindingPath);
        NativeLibrary.SetDllImportResolver(
            typeof(torch).Assembly,
            (name, _, _) => name == "LibTorchSharp" ? _binding : IntPtr.Zero);
        torch.InitializeDeviceType(DeviceType.CPU);
        return version;
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

    /// <summary>Loads a library by its path, or gives the handle of one that is loaded.</summary>
    /// <exception cref="NativeRuntimeException">It is missing or does not fit this system.</exception>
    internal static IntPtr LoadLibrary(string path)
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
