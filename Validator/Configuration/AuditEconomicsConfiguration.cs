namespace Verathos.Validator.Configuration;

/// <summary>What the share of audited receipts follows from (docs/fingerprints.md, Statistics).</summary>
/// <param name="Saving">What a cheat saves on one request.</param>
/// <param name="Loss">What a node loses when it is caught, in the same money.</param>
/// <param name="Detection">The chance that one audit catches the hardest cheat.</param>
/// <param name="Epochs">Epochs within which a cheat must meet the bound.</param>
/// <param name="DriftMicro">What a check of the hardest cheat adds on average, in millionths of a nat.</param>
public sealed record AuditEconomicsConfiguration(double Saving, double Loss, double Detection, int Epochs, long DriftMicro);
