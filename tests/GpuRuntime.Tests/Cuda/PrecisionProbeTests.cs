using TorchSharp;
using Verathos.GpuRuntime.Native.Cuda;

namespace Verathos.GpuRuntime.Tests.Cuda;

/// <summary>Part of CUDA builds only; needs a CUDA device of architecture sm_80 or later.</summary>
[Collection("cuda")]
public class PrecisionProbeTests
{
    [Fact]
    public void NothingIsRoundedInBetween()
    {
        Assert.NotEmpty(CudaRuntime.Identity);
        Assert.Equal(0, PrecisionProbe.TensorFloat());
        Assert.Equal(0, PrecisionProbe.PartialSums());
        Assert.Null(PrecisionProbe.Run());
    }

    [Fact]
    public void TheProbeSeesTensorFloat()
    {
        Assert.NotEmpty(CudaRuntime.Identity);
        try
        {
            torch.backends.cuda.matmul.allow_tf32 = true;
            Assert.True(PrecisionProbe.TensorFloat() > 0);
            Assert.Contains("TF32", PrecisionProbe.Run(), StringComparison.Ordinal);
        }
        finally
        {
            CudaRuntime.ForbidReducedPrecision();
        }

        Assert.Null(PrecisionProbe.Run());
    }
}
