using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics.X86;

namespace Verathos.GpuRuntime.Compute;

/// <summary>
/// Names everything that fixes the bits of a forward pass. Two passes with equal <see cref="Identifier"/> over equal weights
/// and ids give equal logits; nothing is promised between different ones.
/// </summary>
public sealed record NumericProfile
{
    private NumericProfile(string name, bool usesLibtorch, bool usesCuda = false) => (Name, UsesLibtorch, UsesCuda) = (name, usesLibtorch, usesCuda);

    /// <summary>The reference: binary32 weights, activations and products by libtorch; compared with other engines.</summary>
    public static NumericProfile F32 { get; } = new("f32", true);

    /// <summary>bfloat16 weights and activations by libtorch, norms and softmax in binary32.</summary>
    public static NumericProfile Bf16 { get; } = new("bf16", true);

    /// <summary>
    /// Weights of bfloat16, or of Q8_0 as it is stored, and bfloat16 activations, by products of our own with one fixed summation order: a row gives the same bits alone,
    /// in any batch, with the prompt cut anywhere, and on any number of threads. The profile to serve with.
    /// </summary>
    public static NumericProfile Bf16Lane16 { get; } = new("bf16-lane16", false);

#if VERATHOS_CUDA
    /// <summary>As <see cref="F32"/> on the first CUDA device: products by cuBLASLt in binary32, never in TF32, the rest by kernels of our own.</summary>
    public static NumericProfile F32Cuda { get; } = new("f32-cuda", true, true);

    /// <summary>The same with bfloat16 weights and activations; sums of products in binary32, never split.</summary>
    public static NumericProfile Bf16Cuda { get; } = new("bf16-cuda", true, true);
#endif

    /// <summary>The profile that a node serves with where nothing else is asked for.</summary>
    public static NumericProfile Served => Bf16Lane16;

    /// <summary>All profiles of this build.</summary>
#if VERATHOS_CUDA
    public static IReadOnlyList<NumericProfile> All { get; } = [F32, Bf16, Bf16Lane16, F32Cuda, Bf16Cuda];
#else
    public static IReadOnlyList<NumericProfile> All { get; } = [F32, Bf16, Bf16Lane16];
#endif

    /// <summary>The short name that a command line takes.</summary>
    public string Name { get; }

    /// <summary>
    /// Name, then what else fixes the bits: for libtorch the version that is loaded and the instruction set, for example
    /// bf16/libtorch-2.10.0/avx2; for our own arithmetic its version, which gives the same bits on every processor; on CUDA both, and what the
    /// products' kernels are chosen by.
    /// </summary>
    /// <exception cref="Native.NativeRuntimeException">libtorch computes and cannot be loaded.</exception>
    public string Identifier => this switch
    {
#if VERATHOS_CUDA
        { UsesCuda: true } => $"{Name}/1/libtorch-{Libtorch}/{Native.Cuda.CudaRuntime.Identity}",
#endif
        { UsesLibtorch: true } => $"{Name}/libtorch-{Libtorch}/{InstructionSet}",
        _ => $"{Name}/2",
    };

    /// <summary>Whether libtorch computes the products.</summary>
    internal bool UsesLibtorch { get; }

    /// <summary>Whether a CUDA device does.</summary>
    internal bool UsesCuda { get; }

    private static string Libtorch => Native.NativeRuntime.LibtorchVersion.ToString(3);

    /// <summary>The widest vector instructions of this processor that the kernels use: avx512, avx2 or default.</summary>
    public static string InstructionSet => Avx512F.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : "default";

    /// <summary>Finds a profile by its short name.</summary>
    public static bool TryParse(string name, [NotNullWhen(true)] out NumericProfile? profile)
    {
        profile = All.FirstOrDefault(p => p.Name == name);
        return profile is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
