namespace Verathos.Attestation.Verdicts;

/// <summary>
/// The names of all checks. They are part of the interface: tests, exit codes and users refer to them.
/// The order of a verdict's checks is the order of this list.
/// </summary>
public static class CheckNames
{
    /// <summary>The reason of a default verdict.</summary>
    public const string NothingChecked = "nothing-checked";

    // The policy as a whole.

    /// <summary>The trust anchors in use are the ones that the policy names.</summary>
    public const string PolicyTrustAnchor = "policy.trust-anchor";

    /// <summary>The policy has a section for the evidence format, whose name follows: <c>policy.section.tdx</c>.</summary>
    public const string PolicySection = "policy.section";

    /// <summary>The line of a batch can be read, and the evidence is of a format that this build verifies.</summary>
    public const string EvidenceFormat = "evidence.format";

    // The quote by itself (Intel TDX DCAP quoting library API, Quote Generation Library, appendix 3 and 4).

    /// <summary>Every length and constant of the quote holds.</summary>
    public const string QuoteFormat = "quote.format";

    /// <summary>The certificates lead from the PCK leaf to the pinned Intel root at the time of the appraisal.</summary>
    public const string QuoteChain = "quote.chain";

    /// <summary>The PCK leaf signed the quoting enclave's report.</summary>
    public const string QuoteQeReportSignature = "quote.qe-report-signature";

    /// <summary>The quoting enclave's report carries SHA-256(attestation key || authentication data) and 32 zero bytes.</summary>
    public const string QuoteQeReportData = "quote.qe-report-data";

    /// <summary>The attestation key signed header and body.</summary>
    public const string QuoteSignature = "quote.signature";

    // The collateral.

    /// <summary>Collateral is there and parses.</summary>
    public const string CollateralMissing = "collateral.missing";

    /// <summary>The CRLs' issuers chain to the pinned root.</summary>
    public const string CollateralCrlChain = "collateral.crl-chain";

    /// <summary>Both CRLs are signed by the issuers of the certificates that they rule on, and are in date.</summary>
    public const string CollateralCrl = "collateral.crl";

    /// <summary>No certificate of the PCK and TCB signing chains is revoked.</summary>
    public const string CollateralRevocation = "collateral.revocation";

    /// <summary>TCB info: signing chain, signature over the raw bytes, dates, identifier.</summary>
    public const string CollateralTcbInfo = "collateral.tcb-info";

    /// <summary>QE identity: signing chain, signature over the raw bytes, dates, identifier.</summary>
    public const string CollateralQeIdentity = "collateral.qe-identity";

    /// <summary>TCB info is of the platform's FMSPC and PCE identifier.</summary>
    public const string CollateralFmspc = "collateral.fmspc";

    // What the collateral says about the platform.

    /// <summary>The quoting enclave is the one of the QE identity (signer, product, attributes, MISCSELECT).</summary>
    public const string TcbQeIdentity = "tcb.qe-identity";

    /// <summary>The TDX module's measurement signer and attributes are those of the TCB info.</summary>
    public const string TcbModule = "tcb.module";

    /// <summary>A TCB level matches and is not revoked. Which other statuses pass is for policy.tdx.tcbStatuses.</summary>
    public const string TcbStatus = "tcb.status";

    /// <summary>The debug bit of the guest is off.</summary>
    public const string QuoteDebug = "quote.debug";

    /// <summary>The events of the log that came with a TDX quote lead to the quote's runtime measurement registers.</summary>
    public const string TdxEventLog = "tdx.event-log";

    // An SEV-SNP report (SEV-SNP ABI specification 56860, section 7.3; VCEK and KDS interface specification 57230).

    /// <summary>Every length and constant of the report holds.</summary>
    public const string SnpFormat = "snp.format";

    /// <summary>The product line is known: from the report, or where it cannot say so, from the caller.</summary>
    public const string SnpProduct = "snp.product";

    /// <summary>The key's certificate leads to the product line's pinned ARK at the time of the appraisal.</summary>
    public const string SnpChain = "snp.chain";

    /// <summary>The certificate is of the kind that the report says signed it, and of the report's product line.</summary>
    public const string SnpKeyKind = "snp.key-kind";

    /// <summary>The key signed the report.</summary>
    public const string SnpSignature = "snp.signature";

    /// <summary>The VCEK certificate names the chip that the report names.</summary>
    public const string SnpHardwareId = "snp.hardware-id";

    /// <summary>The certificate's TCB is the report's reported TCB.</summary>
    public const string SnpTcb = "snp.tcb";

    /// <summary>The ARK's revocation list is signed, in date, and lists no certificate of the chain.</summary>
    public const string SnpRevocation = "snp.revocation";

    /// <summary>The debug bit of the guest's policy is off.</summary>
    public const string SnpDebug = "snp.debug";

    // Tokens of attestation services (RFC 7515, 7519; RFC 9711 for NVIDIA's).

    /// <summary>The token parses.</summary>
    public const string TokenFormat = "token.format";

    /// <summary>A key of the given key set, named by the token, signed it with the issuer's one algorithm.</summary>
    public const string TokenSignature = "token.signature";

    /// <summary>The issuer is one of the service's own, and the token points at no other's keys.</summary>
    public const string TokenIssuer = "token.issuer";

    /// <summary>The time is within the token's validity.</summary>
    public const string TokenValidity = "token.validity";

    /// <summary>The whole nonce in the token is the expected one.</summary>
    public const string TokenNonce = "token.nonce";

    /// <summary>The service's own result: overall, and for each part.</summary>
    public const string TokenResult = "token.result";

    /// <summary>The overall token and the tokens of the single GPUs are the same set.</summary>
    public const string TokenParts = "token.parts";

    /// <summary>The token says that debugging is off.</summary>
    public const string TokenDebug = "token.debug";

    // Azure's hardware compatibility layer.

    /// <summary>Every length and constant of the HCL report holds.</summary>
    public const string HclFormat = "hcl.format";

    /// <summary>The hardware's report data is the hash of the runtime data, and zero after it.</summary>
    public const string HclRuntimeData = "hcl.runtime-data";

    /// <summary>The runtime data holds one attestation key.</summary>
    public const string HclAttestationKey = "hcl.attestation-key";

    /// <summary>The hardware's quote is there and is the one that the report belongs to.</summary>
    public const string HclHardware = "hcl.hardware";

    /// <summary>The TPM quote parses: magic, type, selection.</summary>
    public const string TpmFormat = "tpm.format";

    /// <summary>The attestation key of the runtime data signed the TPM quote.</summary>
    public const string TpmSignature = "tpm.signature";

    /// <summary>The registers that came with the quote are those that it selected and hashed.</summary>
    public const string TpmRegisters = "tpm.pcrs";

    /// <summary>The TPM quote's qualifying data is the expected nonce, whole.</summary>
    public const string TpmNonce = "tpm.nonce";

    // A GPU report by itself.

    /// <summary>Every length and constant of the report holds.</summary>
    public const string GpuFormat = "gpu.format";

    /// <summary>The device certificates lead from the leaf to the pinned NVIDIA root.</summary>
    public const string GpuChain = "gpu.chain";

    /// <summary>The device leaf signed request and response.</summary>
    public const string GpuSignature = "gpu.signature";

    /// <summary>The report names the firmware that the leaf certificate names.</summary>
    public const string GpuFirmwareId = "gpu.fwid";

    /// <summary>The driver's reference measurements: found, signed, in date, of this driver.</summary>
    public const string GpuDriverRim = "gpu.driver-rim";

    /// <summary>The VBIOS's reference measurements: found, signed, in date, of this VBIOS.</summary>
    public const string GpuVbiosRim = "gpu.vbios-rim";

    /// <summary>Every active reference measurement equals the measurement in the report.</summary>
    public const string GpuMeasurements = "gpu.measurements";

    /// <summary>The OCSP answers that came with the evidence are signed, in date, and good for every certificate below the root.</summary>
    public const string GpuRevocation = "gpu.revocation";

    /// <summary>All GPUs of a set share their memory in one way.</summary>
    public const string GpuOneMode = "gpu.one-mode";

    /// <summary>All devices of a set answer one nonce.</summary>
    public const string GpuOneNonce = "gpu.one-nonce";

    // What ties the evidence together.

    /// <summary>The client's nonce is in the Merkle tree of nonces.</summary>
    public const string NonceInclusion = "nonce.inclusion";

    /// <summary>The keyset parses and is in its validity.</summary>
    public const string KeysetValidity = "keyset.validity";

    /// <summary>The configuration parses and says truly whether the node is simulated.</summary>
    public const string ConfigurationFormat = "configuration.format";

    /// <summary>The quote's report data equals the recomputed binding and sixteen zero bytes.</summary>
    public const string BindingReportData = "binding.report-data";

    /// <summary>The request carries the expected nonce.</summary>
    public const string GpuNonce = "gpu.nonce";

    /// <summary>Every report of the node has its own device certificate.</summary>
    public const string GpuDistinct = "gpu.distinct";

    // Policy lines: "policy." and the section and field, such as policy.tdx.mrTd.

    /// <summary>The prefix of checks that a policy's field asks for; the field's path follows.</summary>
    public const string PolicyPrefix = "policy.";
}
