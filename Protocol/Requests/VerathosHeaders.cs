namespace Verathos.Protocol.Requests;

/// <summary>Names of the fields that a sealed request adds to the OpenAI API, and of the receipt's trailer. All lower-case.</summary>
public static class VerathosHeaders
{
    /// <summary>The binding that the client verified, 48 bytes in lower-case hex; another one is refused with 409 before tokenising.</summary>
    public const string Binding = "verathos-binding";

    /// <summary>32 random bytes of the client's in lower-case hex, in every request.</summary>
    public const string ClientNonce = "verathos-client-nonce";

    /// <summary>SHA-256 of the client's audit secret in lower-case hex, in every request.</summary>
    public const string AuditCommitment = "verathos-audit-commitment";

    /// <summary>The trailer that carries the receipt: COSE_Sign1 in base64url without padding.</summary>
    public const string Receipt = "verathos-receipt";

    /// <summary>The trailer that carries the statement of an answer with openings: COSE_Sign1 in base64url without padding.</summary>
    public const string Opening = "verathos-opening";
}
