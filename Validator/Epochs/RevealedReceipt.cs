namespace Verathos.Validator.Epochs;

/// <summary>A receipt in a reveal.</summary>
/// <param name="Digest">64 hexadecimal digits.</param>
/// <param name="RatePpm">The share in force when it came, in millionths.</param>
/// <param name="RateReason">Why that share; "refused" where tier 0 refused it; "replica" where a vote asked for the audit.</param>
/// <param name="Chosen">Whether the seed chose it.</param>
/// <param name="Audited">Whether its audit ended.</param>
public sealed record RevealedReceipt(string Digest, int RatePpm, string RateReason, bool Chosen, bool Audited);
