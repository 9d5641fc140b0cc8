namespace Verathos.Simulator.Tdx;

/// <summary>An event log and the registers that it leads to.</summary>
/// <param name="Bytes">The log: a CCEL table's area, or dstack's JSON list.</param>
/// <param name="Registers">RTMR0 to RTMR3, 48 bytes each.</param>
public sealed record MintedEventLog(byte[] Bytes, IReadOnlyList<byte[]> Registers);
