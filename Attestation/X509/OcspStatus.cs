namespace Verathos.Attestation.X509;

/// <summary>What a responder says of a certificate. The default is the one that says nothing good.</summary>
public enum OcspStatus
{
    /// <summary>The responder does not know the certificate.</summary>
    Unknown = 0,

    /// <summary>Revoked, for good or for now.</summary>
    Revoked,

    /// <summary>Not revoked.</summary>
    Good,
}
