namespace Verathos.Attestation.Snp;

/// <summary>The key that signed a report: SIGNING_KEY, bits 4 to 2 at 0x48 (SEV-SNP ABI specification, table 23).</summary>
public enum SnpSigningKey
{
    /// <summary>The key of the chip.</summary>
    Vcek = 0,

    /// <summary>The key that AMD lends to a cloud provider.</summary>
    Vlek = 1,

    /// <summary>No key: the report is unsigned.</summary>
    None = 7,
}
