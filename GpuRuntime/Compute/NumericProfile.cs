using System.Diagnostics.CodeAnalysis;

namespace Verathos.GpuRuntime.Compute;

/// <summary>
/// Names everything that fixes the bits of a forward pass. Two passes with equal <see cref="Identifier"/> over equal weights
/// and ids give equal logits; nothing is promised between different ones.
/// </summary>
public sealed record NumericProfile
{
    private NumericProfile(string name, string dtype) => (Name, Dtype) = (name, dtype);

    /// <summary>The reference: binary32 weights, activations and products by libtorch; compared with other engines.</summary>
    public static NumericProfile F32 { get; } = new("f32", "f32");

    /// <summary>Served: bfloat16 weights and activations by libtorch, norms and softmax in binary32.</summary>
    public static NumericProfile Bf16 { get; } = new("bf16", "bf16");

    /// <summary>All profiles of this build.</summary>
    public static IReadOnlyList<NumericProfile> All { get; } = [F32, Bf16];

    /// <summary>The short name that a command line takes.</summary>
    public string Name { get; }

    /// <summary>The element type of weights and cache: f32 or bf16.</summary>
    public string Dtype { get; }

    /// <summary>Name, library build and instruction set, for example bf16/libtorch-2.10.0/avx2.</summary>
    public string Identifier => $"{Name}/libtorch-2.10.0/{InstructionSet}";

    private static string InstructionSet =>
        System.Runtime.Intrinsics.X86.Avx512F.IsSupported ? "avx512" : System.Runtime.Intrinsics.X86.Avx2.IsSupported ? "avx2" : "default";

    /// <summary>Finds a profile by its short name.</summary>
    public static bool TryParse(string name, [NotNullWhen(true)] out NumericProfile? profile)
    {
        profile = All.FirstOrDefault(p => p.Name == name);
        return profile is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
