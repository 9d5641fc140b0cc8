namespace Verathos.Attestation.Batch;

/// <summary>A format of lone evidence: a raw quote, report or token.</summary>
public enum EvidenceFormat
{
    /// <summary>Nothing that is known here.</summary>
    Unknown = 0,

    /// <summary>An Intel DCAP quote, of SGX or TDX.</summary>
    Quote,

    /// <summary>An AMD SEV-SNP report.</summary>
    SnpReport,

    /// <summary>An NVIDIA GPU's or NVSwitch's SPDM measurement exchange.</summary>
    GpuReport,

    /// <summary>NVIDIA's remote attestation service's token or tokens.</summary>
    NvidiaToken,

    /// <summary>Azure's hardware compatibility layer report, alone or with the TPM quote and the hardware's evidence.</summary>
    AzureHcl,

    /// <summary>A token of Microsoft Azure Attestation.</summary>
    AzureToken,
}
