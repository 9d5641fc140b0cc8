namespace Verathos.Client.Openings;

/// <summary>The names of the checks of openings, in the order in which they are made. They are stable. What the cryptography of the content proves is for a validator's judges.</summary>
public static class OpeningCheckNames
{
    /// <summary>The answer ended with a statement in its trailer.</summary>
    public const string Missing = "opening.missing";

    /// <summary>It is a COSE_Sign1 in deterministic CBOR.</summary>
    public const string Format = "opening.format";

    /// <summary>The unprotected header is empty.</summary>
    public const string Unprotected = "opening.unprotected";

    /// <summary>The protected algorithm is the keyset's, ES256.</summary>
    public const string Algorithm = "opening.alg";

    /// <summary>The protected type is that of a statement about openings.</summary>
    public const string Type = "opening.typ";

    /// <summary>The signature's s is in the lower half of the group's order.</summary>
    public const string LowS = "opening.low-s";

    /// <summary>The attested keyset's signing key made the signature.</summary>
    public const string Key = "opening.key";

    /// <summary>Every claim is there, in range, and no other.</summary>
    public const string Claims = "opening.claims";

    /// <summary>Its issuer is the boot that the keyset names.</summary>
    public const string Issuer = "opening.issuer";

    /// <summary>It names the keyset whose digest the evidence binds.</summary>
    public const string Keyset = "opening.keyset";

    /// <summary>It says truly whether the hardware is simulated.</summary>
    public const string Simulated = "opening.simulated";

    /// <summary>It is about the request exactly as it was sent.</summary>
    public const string Request = "opening.request";

    /// <summary>It repeats the request's nonce.</summary>
    public const string Nonce = "opening.nonce";

    /// <summary>It is about the receipt that was named.</summary>
    public const string Receipt = "opening.receipt";

    /// <summary>It repeats what was asked for.</summary>
    public const string Asked = "opening.asked";

    /// <summary>It carries the digest of the content that arrived.</summary>
    public const string Content = "opening.content";

    /// <summary>The content is as many items as were asked for, and the statement says so.</summary>
    public const string Items = "opening.items";

    /// <summary>Its time is inside the keyset's life and near the client's own.</summary>
    public const string Times = "opening.times";

    /// <summary>The node knows no such receipt any more, and runs since a later start than the receipt.</summary>
    public const string Restarted = "opening.restarted";

    /// <summary>The node knows no such receipt, and runs without a break since it signed it.</summary>
    public const string NotFound = "opening.not-found";
}
