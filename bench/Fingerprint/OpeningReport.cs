namespace Verathos.Bench.Fingerprint;

/// <summary>What openings of one model show.</summary>
/// <param name="Model">The model.</param>
/// <param name="Profile">The numeric profile.</param>
/// <param name="Seed">Chose prompts, draws and keys' epochs.</param>
/// <param name="ResidualLimit">The limit of every matrix's residual.</param>
/// <param name="OpeningBytes">Mean bytes of an opened layer.</param>
/// <param name="LogitsBytes">Mean bytes of an opened row of logits.</param>
/// <param name="LogitsOpened">Rows of logits opened from honest answers.</param>
/// <param name="LogitsRejected">Of them.</param>
/// <param name="Rows">Honest weights first.</param>
public sealed record OpeningReport(
    string Model, string Profile, int Seed, double ResidualLimit, double OpeningBytes, double LogitsBytes, int LogitsOpened, int LogitsRejected, IReadOnlyList<OpeningRow> Rows)
{
    /// <summary>Whether no honest opening was rejected and every other was.</summary>
    public bool Holds => LogitsRejected == 0 && Rows[0].Rejected == 0 && Rows.Skip(1).All(static row => row.Rejected == row.Openings);
}
