namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>Low-rank adapters (Hu et al., 2021): beside a frozen matrix W an update alpha / rank * B A is trained.</summary>
/// <param name="Rank">Rows of A, columns of B.</param>
/// <param name="Alpha">The update's factor times the rank.</param>
/// <param name="Targets">Last parts of module names, for example q_proj; every matrix of that name gets an adapter.</param>
/// <param name="Seed">Seed of A's random start; B starts at 0.</param>
public sealed record LoraSettings(int Rank, double Alpha, IReadOnlyList<string> Targets, ulong Seed)
{
    /// <summary>The modules that can be targets.</summary>
    public static IReadOnlyList<string> Modules { get; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>Whether a weight gets an adapter.</summary>
    /// <param name="weight">Its name, for example model.layers.0.self_attn.q_proj.weight.</param>
    public bool Covers(string weight) => Targets.Any(target => weight.EndsWith($".{target}.weight", StringComparison.Ordinal));

    /// <inheritdoc/>
    public bool Equals(LoraSettings? other) =>
        other is not null && Rank == other.Rank && Alpha.Equals(other.Alpha) && Seed == other.Seed && Targets.SequenceEqual(other.Targets);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rank, Alpha, Targets.Count, Seed);
}
