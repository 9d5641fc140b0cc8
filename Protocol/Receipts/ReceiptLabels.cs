namespace Verathos.Protocol.Receipts;

/// <summary>
/// Claim numbers. The first four are registered (https://www.iana.org/assignments/cwt); the others are below -65536, the range for
/// private use.
/// </summary>
public static class ReceiptLabels
{
    /// <summary>iss, text: "verathos:" and the boot id in lower-case hex.</summary>
    public const long Issuer = 1;

    /// <summary>iat, Unix seconds: when this was signed, by the enclave's own clock.</summary>
    public const long IssuedAt = 6;

    /// <summary>cti, 16 bytes: the same in a stream's acceptance, checkpoints and receipt.</summary>
    public const long Id = 7;

    /// <summary>eat_nonce, 32 bytes: the client's nonce.</summary>
    public const long Nonce = 10;

    /// <summary>SHA-256 of the keyset.</summary>
    public const long KeysetDigest = -65537;

    /// <summary>The binding, 48 bytes.</summary>
    public const long Binding = -65538;

    /// <summary>Root of the model manifest, 32 bytes.</summary>
    public const long ManifestRoot = -65539;

    /// <summary>Name of the numeric profile, text.</summary>
    public const long NumericProfile = -65540;

    /// <summary>SHA-256 of the encapsulated request.</summary>
    public const long RequestDigest = -65541;

    /// <summary>Commitment to the prompt's token ids, 32 bytes.</summary>
    public const long PromptCommitment = -65542;

    /// <summary>Commitment to the answer's token ids, 32 bytes.</summary>
    public const long OutputCommitment = -65543;

    /// <summary>Number of prompt tokens.</summary>
    public const long PromptTokens = -65544;

    /// <summary>Number of answer tokens.</summary>
    public const long OutputTokens = -65545;

    /// <summary>Sampling parameters, a map: see <see cref="SamplingClaims"/>.</summary>
    public const long Sampling = -65546;

    /// <summary>Head of the chunk chain, 32 bytes.</summary>
    public const long ChainHead = -65547;

    /// <summary>Number of chunks in the chain.</summary>
    public const long ChunkCount = -65548;

    /// <summary>Unix seconds: when the request was accepted, by the enclave's own clock.</summary>
    public const long AcceptedAt = -65549;

    /// <summary>Number of this receipt under its keyset, from 1 without gaps.</summary>
    public const long Counter = -65550;

    /// <summary>SHA-256 of the previous receipt's Sig_structure, or null for the first.</summary>
    public const long Previous = -65551;

    /// <summary>True if the TEE is simulated.</summary>
    public const long Simulated = -65552;

    /// <summary>Why the answer ended, text: "stop", "length" or "cancelled".</summary>
    public const long FinishReason = -65553;

    /// <summary>SHA-256 of the client's audit secret, 32 bytes.</summary>
    public const long AuditCommitment = -65554;

    /// <summary>Name of the model that answered, text; there exactly if the node's manifest has several models.</summary>
    public const long Model = -65555;

    /// <summary>Root of the computation's trace, 32 bytes; absent where the profile commits nothing.</summary>
    public const long TraceRoot = -65560;

    /// <summary>Root of the projection sketches, 32 bytes; there exactly if the trace's is.</summary>
    public const long SketchRoot = -65561;

    /// <summary>Root of the TOPLOC proofs, 32 bytes; there exactly if the trace's is.</summary>
    public const long ToplocRoot = -65562;

    /// <summary>SHA-256 of the Sig_structure of the receipt that is opened.</summary>
    public const long ReceiptDigest = -65570;

    /// <summary>What was asked for, an array: see <see cref="Openings.OpeningAsk"/>.</summary>
    public const long Asked = -65571;

    /// <summary>SHA-256 of the content of an answer with openings.</summary>
    public const long ContentDigest = -65572;

    /// <summary>Number of items of that content.</summary>
    public const long Items = -65573;
}
