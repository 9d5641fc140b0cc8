namespace Verathos.Validator.Configuration;

/// <summary>When statistical evidence bans a node.</summary>
/// <param name="ChecksPerYear">Weighed outcomes of a node in a year.</param>
/// <param name="OneIn">The inverse of the chance that an honest node meets the bound within a year.</param>
/// <param name="SingleValidator">Whether this validator bans alone. It then says so in every ban.</param>
/// <param name="Quorum">Validators that must have met the bound, this one among them; at least 3 unless it bans alone.</param>
/// <param name="Trusted">The other validators' keys, each the 64 bytes X || Y of a P-256 point in 128 lower-case hexadecimal digits.</param>
public sealed record BanConfiguration(long ChecksPerYear, long OneIn, bool SingleValidator, int Quorum, IReadOnlyList<string> Trusted);
