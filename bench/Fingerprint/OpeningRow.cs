namespace Verathos.Bench.Fingerprint;

/// <summary>Openings of answers that were computed with some weights, judged by keys made from the right ones.</summary>
/// <param name="Weights">What the node ran.</param>
/// <param name="Openings">Layers opened.</param>
/// <param name="Rejected">Of them, by the limits of the bench.</param>
/// <param name="ByRows">Rejected because of secret rows in at least one matrix.</param>
/// <param name="ByResidual">Rejected because of at least one matrix's residual.</param>
/// <param name="ByAttention">Rejected because of the head that was computed again.</param>
/// <param name="Greatest">The greatest residual of any matrix, over its sixteen degrees.</param>
/// <param name="Mean">The mean of all, which for honest weights is kappa.</param>
public sealed record OpeningRow(string Weights, int Openings, int Rejected, int ByRows, int ByResidual, int ByAttention, double Greatest, double Mean);
