namespace Verathos.Attestation.Collateral;

/// <summary>What vendors publish to judge evidence by, one document each.</summary>
public enum CollateralKind
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Intel's TCB info of one platform family.</summary>
    TcbInfo,

    /// <summary>Intel's identity of a quoting enclave.</summary>
    QeIdentity,

    /// <summary>The revocation list of one of Intel's PCK authorities.</summary>
    PckCrl,

    /// <summary>The revocation list of the Intel SGX Root CA.</summary>
    RootCaCrl,

    /// <summary>A PCK certificate with its chain, for quotes that only name theirs.</summary>
    PckCertificate,

    /// <summary>The certificate of an AMD chip's key.</summary>
    Vcek,

    /// <summary>The revocation list of an AMD product line's root.</summary>
    AmdCrl,

    /// <summary>NVIDIA's reference measurements of one driver or firmware.</summary>
    Rim,

    /// <summary>A responder's answer about one of NVIDIA's certificates.</summary>
    OcspAnswer,
}
