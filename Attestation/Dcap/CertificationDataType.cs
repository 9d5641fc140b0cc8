namespace Verathos.Attestation.Dcap;

/// <summary>How a quote names the PCK that certified its quoting enclave (Intel SGX ECDSA Quote Library API, table 9).</summary>
public enum CertificationDataType
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>PPID in the clear, CPUSVN, PCESVN and PCE identifier.</summary>
    PpidClear = 1,

    /// <summary>PPID encrypted with RSA-2048 OAEP, CPUSVN, PCESVN and PCE identifier.</summary>
    PpidRsa2048 = 2,

    /// <summary>PPID encrypted with RSA-3072 OAEP, CPUSVN, PCESVN and PCE identifier.</summary>
    PpidRsa3072 = 3,

    /// <summary>The PCK certificate, PEM.</summary>
    PckLeaf = 4,

    /// <summary>The PCK certificate chain, PEM.</summary>
    PckChain = 5,

    /// <summary>The quoting enclave's report with certification data of its own: the outer type of versions 4 and 5.</summary>
    QeReport = 6,
}
