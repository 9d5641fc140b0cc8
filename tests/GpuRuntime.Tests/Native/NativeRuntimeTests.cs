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
    public void MissingFolderIsAClearError()
    {
        string nowhere = Path.Combine(Path.GetTempPath(), "verathos-none", "a", "b", "c");
        NativeRuntimeException error = Assert.Throws<NativeRuntimeException>(() => NativeRuntime.FindFolder(nowhere));
        Assert.Contains("build or publish the program again", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NoOutputFolderHoldsItsOwnCopy() =>
        Assert.Empty(Directory.GetFiles(AppContext.BaseDirectory, "*orch*.so", SearchOption.AllDirectories));
}
