using TorchSharp;
using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Tests.Native;

public class NativeRuntimeTests
{
    [Fact]
    public void LoadsAndComputes()
    {
        NativeRuntime.Load();
        NativeRuntime.Load();
        using torch.Tensor sum = torch.ones(3, 4).matmul(torch.ones(4, 2)).sum();
        Assert.Equal(24f, sum.item<float>());
    }

    [Fact]
    public void SaysTheVersionThatIsLoaded()
    {
        Assert.Contains(NativeRuntime.LibtorchVersion.ToString(3), LibtorchVersionCheck.Known, StringComparison.Ordinal);
        Assert.Contains($"TORCH_VERSION={NativeRuntime.LibtorchVersion.ToString(3)}", Configuration(), StringComparison.Ordinal);
        Assert.StartsWith($"f32/libtorch-{NativeRuntime.LibtorchVersion.ToString(3)}/", GpuRuntime.Compute.NumericProfile.F32.Identifier, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFolderIsAClearError()
    {
        string nowhere = Path.Combine(Path.GetTempPath(), "verathos-none", "a", "b", "c");
        NativeRuntimeException error = Assert.Throws<NativeRuntimeException>(() => NativeRuntime.FindFolder(nowhere));
        Assert.Contains("build or publish the program again", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NoOutputFolderHoldsItsOwnCopy() =>
        Assert.Empty(Directory.GetFiles(AppContext.BaseDirectory, "*orch*.so", SearchOption.AllDirectories));

    /// <summary>What libtorch was built with, as a text: at::show_config() writes a std::string, a pointer and a length first, to where its hidden argument points.</summary>
    private static unsafe string Configuration()
    {
        IntPtr library = NativeRuntime.LoadLibrary(Path.Combine(NativeRuntime.LibtorchPath, "libtorch_cpu.so"));
        nint* text = stackalloc nint[4];
        ((delegate* unmanaged<nint*, void>)System.Runtime.InteropServices.NativeLibrary.GetExport(library, "_ZN2at11show_configB5cxx11Ev"))(text);
        return System.Text.Encoding.UTF8.GetString((byte*)text[0], (int)text[1]);
    }
}
