namespace Verathos.Attestation.Dcap;

/// <summary>The attestation key of a quote.</summary>
public enum AttestationKeyType
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>ECDSA over P-256 with SHA-256.</summary>
    EcdsaP256 = 2,

    /// <summary>ECDSA over P-384 with SHA-384.</summary>
    EcdsaP384 = 3,
}
