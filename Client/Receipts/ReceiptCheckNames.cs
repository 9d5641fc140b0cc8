namespace Verathos.Client.Receipts;

/// <summary>The names of a receipt's checks, in the order in which they are made. They are stable.</summary>
public static class ReceiptCheckNames
{
    /// <summary>The stream ended with a receipt in its trailer.</summary>
    public const string Missing = "receipt.missing";

    /// <summary>It is a COSE_Sign1 in deterministic CBOR.</summary>
    public const string Format = "receipt.format";

    /// <summary>The protected algorithm is the keyset's, ES256.</summary>
    public const string Algorithm = "receipt.alg";

    /// <summary>The protected type is that of a receipt.</summary>
    public const string Type = "receipt.typ";

    /// <summary>The unprotected header is empty.</summary>
    public const string Unprotected = "receipt.unprotected";

    /// <summary>The signature's s is in the lower half of the group's order.</summary>
    public const string LowS = "receipt.low-s";

    /// <summary>The attested keyset's signing key made the signature.</summary>
    public const string Key = "receipt.key";

    /// <summary>Every claim of a receipt is there, in range, and no other.</summary>
    public const string Claims = "receipt.claims";

    /// <summary>Its issuer is the boot that the keyset names.</summary>
    public const string Issuer = "receipt.issuer";

    /// <summary>It names the keyset whose digest the evidence binds.</summary>
    public const string Keyset = "receipt.keyset";

    /// <summary>It names the binding of the evidence.</summary>
    public const string Binding = "receipt.binding";

    /// <summary>It names the model manifest of the evidence.</summary>
    public const string Manifest = "receipt.manifest";

    /// <summary>Of several models it names the one that was asked for; with one model it names none.</summary>
    public const string Model = "receipt.model";

    /// <summary>It names the model's numeric profile as the evidence has it.</summary>
    public const string Profile = "receipt.profile";

    /// <summary>It says truly whether the hardware is simulated.</summary>
    public const string Simulated = "receipt.simulated";

    /// <summary>It is about the request exactly as it was sent.</summary>
    public const string Request = "receipt.request";

    /// <summary>It repeats the client's nonce.</summary>
    public const string Nonce = "receipt.nonce";

    /// <summary>It repeats the sampling parameters as sent.</summary>
    public const string Parameters = "receipt.parameters";

    /// <summary>It belongs to the stream that the acceptance opened.</summary>
    public const string Stream = "receipt.stream";

    /// <summary>It gives the reason for the answer's end that the stream gave.</summary>
    public const string Finish = "receipt.finish";

    /// <summary>Its token counts are those of the prompt and of the answer, and within the limit that was sent.</summary>
    public const string Counts = "receipt.counts";

    /// <summary>Its chain head and chunk count are those of the chunks that arrived.</summary>
    public const string Chain = "receipt.chain";

    /// <summary>Its commitment opens to the prompt's token ids.</summary>
    public const string Prompt = "receipt.prompt";

    /// <summary>Its commitment opens to the answer's token ids.</summary>
    public const string Output = "receipt.output";

    /// <summary>It commits to the computation, where that is required.</summary>
    public const string Committed = "receipt.committed";

    /// <summary>It carries the roots of trace, sketches and TOPLOC proofs together, or none of them.</summary>
    public const string Roots = "receipt.roots";

    /// <summary>Its trace's root is what the stream committed to with the last token.</summary>
    public const string Trace = "receipt.trace";

    /// <summary>It carries the hash of the client's audit secret.</summary>
    public const string Audit = "receipt.audit";

    /// <summary>Its times are in order, inside the keyset's life and near the client's own, and the request left while the evidence was relied on.</summary>
    public const string Times = "receipt.times";

    /// <summary>Its counter is above every one that had been seen under this keyset before the request was sent.</summary>
    public const string Counter = "receipt.counter";

    /// <summary>It names the hash of the receipt before it, where the client has seen that one.</summary>
    public const string Previous = "receipt.previous";

    /// <summary>No other receipt carries its counter under this keyset.</summary>
    public const string Equivocation = "receipt.equivocation";
}
