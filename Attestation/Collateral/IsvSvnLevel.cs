using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Collateral;

/// <summary>One TCB level of an enclave or TDX module identity.</summary>
/// <param name="IsvSvn">The least ISVSVN.</param>
/// <param name="TcbDate">The date that the level stands for.</param>
/// <param name="Status">The status of an enclave or module that matches.</param>
/// <param name="AdvisoryIds">Advisories that concern the level.</param>
public sealed record IsvSvnLevel(int IsvSvn, DateTimeOffset TcbDate, TcbStatus Status, IReadOnlyList<string> AdvisoryIds);
