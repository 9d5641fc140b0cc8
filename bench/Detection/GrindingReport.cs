namespace Verathos.Bench.Detection;

/// <summary>A node that signs the best of many receipts, so that openings fall on steps that it computed.</summary>
/// <param name="Receipts">Receipts tried for each answer.</param>
/// <param name="Openings">Openings counted in each way.</param>
/// <param name="Plain">Openings on steps not computed, without grinding.</param>
/// <param name="Ground">The same after grinding under a guessed audit secret.</param>
/// <param name="Leaked">The same after grinding under the true one, which a node must not know.</param>
public sealed record GrindingReport(int Receipts, long Openings, long Plain, long Ground, long Leaked);
