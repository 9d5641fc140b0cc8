using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

public sealed class TrainingProfileTests
{
    [Fact]
    public void An_environment_that_chooses_kernels_has_a_profile_of_its_own()
    {
        string plain = TrainingProfile.Of(TrainingPrecision.F32, static _ => null);
        Assert.StartsWith("train-f32-torch", plain, StringComparison.Ordinal);
        Assert.EndsWith("/1", plain, StringComparison.Ordinal);
        Assert.Equal(plain, TrainingProfile.Of(TrainingPrecision.F32, static name => name == "HOME" ? "avx2" : string.Empty));
        string chosen = TrainingProfile.Of(TrainingPrecision.F32, static name => name == "ATEN_CPU_CAPABILITY" ? "avx2" : null);
        Assert.Contains("-set-avx2-", chosen, StringComparison.Ordinal);
        Assert.Contains("-set-avx2-avx2strict-", TrainingProfile.Of(TrainingPrecision.F32, static name => name is "ATEN_CPU_CAPABILITY" ? "avx2" : name is "MKL_CBWR" ? "AVX2,STRICT" : null), StringComparison.Ordinal);
        Assert.NotEqual(plain, TrainingProfile.Of(TrainingPrecision.Bf16, static _ => null));
    }
}
