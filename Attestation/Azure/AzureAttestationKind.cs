namespace Verathos.Attestation.Azure;

/// <summary>An operation of Microsoft Azure Attestation (REST API, "Attestation" group).</summary>
public enum AzureAttestationKind
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>An SGX enclave's quote.</summary>
    SgxEnclave,

    /// <summary>A TDX guest's quote.</summary>
    TdxVm,

    /// <summary>An SEV-SNP report with the certificates of the key that signed it.</summary>
    SevSnpVm,

    /// <summary>What an Azure guest's agent gathered, as it is.</summary>
    AzureGuest,
}
