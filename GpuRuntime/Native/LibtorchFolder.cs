namespace Verathos.GpuRuntime.Native;

/// <summary>A folder with the libraries of a libtorch that this program does not carry: PyTorch's <c>torch/lib</c>, or the <c>lib</c> of a libtorch distribution.</summary>
internal static class LibtorchFolder
{
    /// <summary>The libraries that the binding asks for, in the order of their dependence.</summary>
    internal static readonly string[] Libraries = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    /// <summary>The folder that <c>lib</c> beside the binding is or links to.</summary>
    /// <param name="folder">The binding's folder.</param>
    /// <param name="required">A library that must be there beside <see cref="Libraries"/>.</param>
    /// <exception cref="NativeRuntimeException">There is none, or a library is missing in it; the message says what to put where.</exception>
    public static string Find(string folder, string required)
    {
        string place = Path.Combine(folder, "lib");
        string what = $"put the libraries of libtorch {LibtorchVersionCheck.Known} with CUDA there, or a link to them (the folder torch/lib of such a PyTorch)";

        if (!Directory.Exists(place))
        {
            throw new NativeRuntimeException($"{place} is not there: {what}");
        }

        // The libraries find their own dependencies from where they lie, so a link is followed to its end.
        string found = Directory.ResolveLinkTarget(place, returnFinalTarget: true)?.FullName ?? place;
        string? missing = Libraries.Append(required).FirstOrDefault(name => !File.Exists(Path.Combine(found, name)));
        return missing is null ? found : throw new NativeRuntimeException($"{place} has no {missing}: {what}");
    }
}
