namespace Verathos.Protocol.Evidence;

/// <summary>How long and how often an enclave opens what it computed, as its configuration states it.</summary>
/// <param name="KeptSeconds">How long what is needed to open an answer is kept after its receipt, where memory suffices.</param>
/// <param name="PerReceipt">The most openings of one receipt.</param>
/// <param name="PerMinute">The most openings a minute, of all receipts together.</param>
public sealed record OpeningLimits(uint KeptSeconds, uint PerReceipt, uint PerMinute);
