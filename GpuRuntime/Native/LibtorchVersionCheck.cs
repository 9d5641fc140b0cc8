using System.Globalization;
using System.Runtime.InteropServices;

namespace Verathos.GpuRuntime.Native;

/// <summary>
/// Which libtorch is loaded. The binding was compiled against one version, and C++ promises nothing between versions, so only
/// those that it was tried with are taken.
/// </summary>
internal static class LibtorchVersionCheck
{
    // libtorch's stable C interface: major, minor and patch in the highest three bytes.
    private const string Export = "aoti_torch_abi_version";
    private static readonly Version[] s_known = [new(2, 10, 0), new(2, 11, 0)];

    /// <summary>The known versions as a text.</summary>
    public static string Known => string.Join(" or ", s_known.Select(static version => version.ToString(3)));

    /// <summary>Asks a loaded libtorch_cpu for its version.</summary>
    /// <param name="library">Its handle.</param>
    /// <param name="folder">Where it lies, for messages.</param>
    /// <exception cref="NativeRuntimeException">It does not say, or it is none of the known versions.</exception>
    public static unsafe Version Loaded(IntPtr library, string folder) => NativeLibrary.TryGetExport(library, Export, out IntPtr address)
        ? Parse(((delegate* unmanaged<ulong>)address)(), folder)
        : throw new NativeRuntimeException($"the libtorch in {folder} does not say its version ({Export}): this build takes {Known}");

    /// <summary>Reads a version and checks it.</summary>
    /// <exception cref="NativeRuntimeException">It is none of the known versions.</exception>
    internal static Version Parse(ulong stated, string folder)
    {
        Version version = new((int)(stated >> 56), (int)(stated >> 48 & 0xff), (int)(stated >> 40 & 0xff));
        return s_known.Contains(version)
            ? version
            : throw new NativeRuntimeException(string.Create(CultureInfo.InvariantCulture, $"the libtorch in {folder} is {version.ToString(3)}: this build takes {Known}"));
    }
}
