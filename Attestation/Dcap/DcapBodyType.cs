namespace Verathos.Attestation.Dcap;

/// <summary>The kinds of report in a quote, by the numbers of version 5's body descriptor.</summary>
public enum DcapBodyType
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>An SGX enclave's report, 384 bytes.</summary>
    Sgx = 1,

    /// <summary>A TD report of TDX 1.0, 584 bytes.</summary>
    Tdx10 = 2,

    /// <summary>A TD report of TDX 1.5, 648 bytes: TEE_TCB_SVN2 and MRSERVICETD follow.</summary>
    Tdx15 = 3,

    /// <summary>A TD report with the record of a migration, 885 bytes.</summary>
    TdxMigratable = 4,
}
