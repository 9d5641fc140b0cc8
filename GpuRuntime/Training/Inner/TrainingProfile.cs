using System.Globalization;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>Names the numeric profile of training: everything but settings and data that fixes the bits of a step.</summary>
internal static class TrainingProfile
{
    // Raised with every change of our own arithmetic.
    private const int Version = 1;

    // With these, libtorch and the libraries under it take other kernels than the processor's best.
    private static readonly string[] s_overrides = ["ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"];

    /// <summary>
    /// Precision, libtorch's version, the widest vector instructions, the processor's maker, by which the library of products chooses
    /// its kernels, and for bfloat16 the instructions that multiply it; for example train-f32-torch2.10.0-avx512-intel/1. The number of threads is
    /// not in it, for it changes no bit.
    /// </summary>
    /// <exception cref="NativeRuntimeException">libtorch cannot be loaded.</exception>
    public static string Of(TrainingPrecision precision) => Of(precision, Environment.GetEnvironmentVariable);

    /// <summary>The same for an environment; one that chooses kernels has its choice in the name, for example train-f32-torch2.10.0-avx512-set-avx2-intel/1.</summary>
    internal static string Of(TrainingPrecision precision, Func<string, string?> variable)
    {
        NativeRuntime.Load();
        string name = precision == TrainingPrecision.F32 ? "f32" : "bf16";
        string products = precision == TrainingPrecision.F32 ? string.Empty : ProductsOfBFloat16();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"train-{name}-torch{NativeRuntime.LibtorchVersion.ToString(3)}-{NumericProfile.InstructionSet}{Chosen(variable)}{products}-{Maker()}/{Version}");
    }

    private static string Chosen(Func<string, string?> variable)
    {
        string[] set = [.. s_overrides.Select(variable).Where(static value => !string.IsNullOrEmpty(value)).Select(static value => Clean(value!)).Distinct()];
        return set.Length == 0 ? string.Empty : "-set-" + string.Join('-', set);
    }

    private static string Clean(string value) => string.Concat(value.ToLowerInvariant().Where(char.IsAsciiLetterOrDigit));

    // Intel's manual, volume 2A, CPUID: leaf 7, sub-leaf 0, EDX bit 22 is AMX-BF16; sub-leaf 1, EAX bit 5 is AVX512_BF16.
    private static string ProductsOfBFloat16()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
        {
            return string.Empty;
        }

        (int subleaves, _, _, int edx) = X86Base.CpuId(7, 0);
        string text = subleaves >= 1 && ((X86Base.CpuId(7, 1).Eax >> 5) & 1) != 0 ? "-bf16" : string.Empty;
        return ((edx >> 22) & 1) != 0 ? text + "-amx" : text;
    }

    private static string Maker()
    {
        if (!X86Base.IsSupported)
        {
            return "other";
        }

        (_, int first, int third, int second) = X86Base.CpuId(0, 0);
        byte[] name = [.. BitConverter.GetBytes(first), .. BitConverter.GetBytes(second), .. BitConverter.GetBytes(third)];
        return Encoding.ASCII.GetString(name) switch
        {
            "GenuineIntel" => "intel",
            "AuthenticAMD" => "amd",
            _ => "other",
        };
    }
}
