using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Collateral;

/// <summary>One TCB level of a TCB info, version 3.</summary>
/// <param name="SgxComponents">Least SVNs of the sixteen SGX TCB components.</param>
/// <param name="PceSvn">Least SVN of the provisioning certification enclave.</param>
/// <param name="TdxComponents">Least SVNs of the sixteen TDX TCB components; empty in a TCB info for SGX.</param>
/// <param name="TcbDate">The date that the level stands for.</param>
/// <param name="Status">The status of a platform that matches.</param>
/// <param name="AdvisoryIds">Advisories that concern the level.</param>
public sealed record TcbLevel(
    ReadOnlyMemory<byte> SgxComponents, int PceSvn, ReadOnlyMemory<byte> TdxComponents, DateTimeOffset TcbDate, TcbStatus Status,
    IReadOnlyList<string> AdvisoryIds);
