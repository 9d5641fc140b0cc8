using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Tests.Compute;

public class CpuBuildTests
{
    [Fact]
    public void CarriesNothingOfCuda()
    {
        Assert.Equal(["f32", "bf16", "bf16-lane16"], NumericProfile.All.Select(p => p.Name));
        Assert.DoesNotContain(typeof(NumericProfile).Assembly.GetTypes(), type => type.FullName!.Contains("Cuda", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(typeof(NumericProfile).Assembly.GetManifestResourceNames(), name => name.EndsWith(".cu", StringComparison.Ordinal));
        Assert.DoesNotContain(Directory.GetFiles(NativeRuntime.FindFolder(AppContext.BaseDirectory)), file => Path.GetFileName(file).Contains("cuda", StringComparison.OrdinalIgnoreCase));
    }
}
