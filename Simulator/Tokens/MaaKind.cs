namespace Verathos.Simulator.Tokens;

/// <summary>What a token of Microsoft Azure Attestation is about.</summary>
public enum MaaKind
{
    /// <summary>An SGX enclave.</summary>
    Sgx,

    /// <summary>An SEV-SNP guest, attested by itself.</summary>
    SevSnp,

    /// <summary>A TDX guest, attested by itself.</summary>
    Tdx,

    /// <summary>An Azure guest over SEV-SNP: the hardware's claims are below <c>x-ms-isolation-tee</c>.</summary>
    AzureSevSnp,

    /// <summary>An Azure guest over TDX.</summary>
    AzureTdx,
}
