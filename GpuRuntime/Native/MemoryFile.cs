using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Verathos.GpuRuntime.Native;

/// <summary>A file that exists in memory only (memfd_create(2)), so that a library can be loaded without writing to a folder.</summary>
internal sealed partial class MemoryFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    private MemoryFile(SafeFileHandle handle) => _handle = handle;

    /// <summary>The path by which this process opens the file.</summary>
    public string Path => $"/proc/self/fd/{_handle.DangerousGetHandle()}";

    /// <summary>Makes a file with the given content; <paramref name="name"/> shows in the process's memory map.</summary>
    /// <exception cref="NativeRuntimeException">The system refused.</exception>
    public static MemoryFile Create(string name, ReadOnlySpan<byte> content)
    {
        const uint closeOnExec = 1;
        int descriptor = MemfdCreate(name, closeOnExec);
        if (descriptor < 0)
        {
            throw new NativeRuntimeException($"memfd_create failed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        SafeFileHandle handle = new(descriptor, ownsHandle: true);
        RandomAccess.Write(handle, content, 0);
        return new MemoryFile(handle);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemfdCreate(string name, uint flags);
}
