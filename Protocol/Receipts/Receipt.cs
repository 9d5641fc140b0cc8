using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Receipts;

/// <summary>
/// The signed statement that closes a stream: what was asked, by which keys, model and parameters it was answered, and the head of
/// the chain over everything that was delivered. Nothing in it confirms a guess of prompt or answer without the receipt's secret.
/// </summary>
public sealed record Receipt
{
    /// <summary>The keyset's boot id, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> BootId { get; init; }

    /// <summary>When it was signed; whole seconds, by the enclave's own clock.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>When the request was accepted; whole seconds, by the enclave's own clock.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>The acceptance's 16 bytes.</summary>
    public required ReadOnlyMemory<byte> Id { get; init; }

    /// <summary>The client's nonce, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ClientNonce { get; init; }

    /// <summary>SHA-256 of the keyset.</summary>
    public required ReadOnlyMemory<byte> KeysetDigest { get; init; }

    /// <summary>The binding, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> Binding { get; init; }

    /// <summary>Root of the model manifest, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ManifestRoot { get; init; }

    /// <summary>Name of the numeric profile.</summary>
    public required string NumericProfile { get; init; }

    /// <summary>Name of the model that answers, where the manifest has several; null where it has one.</summary>
    public string? Model { get; init; }

    /// <summary>SHA-256 of the encapsulated request.</summary>
    public required ReadOnlyMemory<byte> RequestDigest { get; init; }

    /// <summary>Commitment to the prompt's token ids, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> PromptCommitment { get; init; }

    /// <summary>Commitment to the answer's token ids, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> OutputCommitment { get; init; }

    /// <summary>Number of prompt tokens.</summary>
    public required uint PromptTokens { get; init; }

    /// <summary>Number of answer tokens.</summary>
    public required uint OutputTokens { get; init; }

    /// <summary>How tokens were chosen.</summary>
    public required SamplingClaims Sampling { get; init; }

    /// <summary>Head of the chunk chain, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ChainHead { get; init; }

    /// <summary>Chunks in the chain.</summary>
    public required ulong ChunkCount { get; init; }

    /// <summary>Number of this receipt under its keyset, from 1 without gaps.</summary>
    public required ulong Counter { get; init; }

    /// <summary>Digest of the receipt with the number before, 32 bytes; null for number 1.</summary>
    public ReadOnlyMemory<byte>? Previous { get; init; }

    /// <summary>Why the answer ended: "stop", "length" or "cancelled".</summary>
    public required string FinishReason { get; init; }

    /// <summary>SHA-256 of the client's audit secret, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> AuditCommitment { get; init; }

    /// <summary>True if the TEE is simulated.</summary>
    public required bool Simulated { get; init; }

    /// <summary>Root of the computation's trace, 32 bytes; null where the profile commits nothing.</summary>
    public ReadOnlyMemory<byte>? TraceRoot { get; init; }

    /// <summary>Root of the projection sketches, 32 bytes; null where the profile commits nothing.</summary>
    public ReadOnlyMemory<byte>? SketchRoot { get; init; }

    /// <summary>Root of the TOPLOC proofs, 32 bytes; null where the profile commits nothing.</summary>
    public ReadOnlyMemory<byte>? ToplocRoot { get; init; }

    /// <summary>SHA-256 of the Sig_structure, by which the next receipt names this one; set by <see cref="TryParse"/>, empty before.</summary>
    public ReadOnlyMemory<byte> Digest { get; private init; }

    /// <summary>The statement as COSE_Sign1, and its digest for the next receipt's <see cref="Previous"/>.</summary>
    public byte[] Sign(ECDsa key, out byte[] digest) => CoseSign1.Sign(key, ReceiptTypes.Receipt, EncodeClaims(), out digest);

    /// <summary>The claims in deterministic CBOR.</summary>
    public byte[] EncodeClaims()
    {
        DeterministicCborMap map = new();
        ClaimSet.Issuer(map, BootId);
        ClaimSet.Time(map, ReceiptLabels.IssuedAt, IssuedAt);
        ClaimSet.Time(map, ReceiptLabels.AcceptedAt, AcceptedAt);
        ClaimSet.Sampling(map, Sampling);
        ClaimSet.Optional(map, ReceiptLabels.Model, Model);
        map.Add(ReceiptLabels.Id, Id.ToArray())
            .Add(ReceiptLabels.Nonce, ClientNonce.ToArray())
            .Add(ReceiptLabels.KeysetDigest, KeysetDigest.ToArray())
            .Add(ReceiptLabels.Binding, Binding.ToArray())
            .Add(ReceiptLabels.ManifestRoot, ManifestRoot.ToArray())
            .Add(ReceiptLabels.NumericProfile, NumericProfile)
            .Add(ReceiptLabels.RequestDigest, RequestDigest.ToArray())
            .Add(ReceiptLabels.PromptCommitment, PromptCommitment.ToArray())
            .Add(ReceiptLabels.OutputCommitment, OutputCommitment.ToArray())
            .Add(ReceiptLabels.PromptTokens, PromptTokens)
            .Add(ReceiptLabels.OutputTokens, OutputTokens)
            .Add(ReceiptLabels.ChainHead, ChainHead.ToArray())
            .Add(ReceiptLabels.ChunkCount, ChunkCount)
            .Add(ReceiptLabels.Counter, Counter)
            .Add(ReceiptLabels.Previous, writer => _ = Previous is { } previous ? writer.Bytes(previous.Span) : writer.Null())
            .Add(ReceiptLabels.Simulated, writer => writer.Boolean(Simulated))
            .Add(ReceiptLabels.FinishReason, FinishReason)
            .Add(ReceiptLabels.AuditCommitment, AuditCommitment.ToArray());
        AddRoot(map, ReceiptLabels.TraceRoot, TraceRoot);
        AddRoot(map, ReceiptLabels.SketchRoot, SketchRoot);
        AddRoot(map, ReceiptLabels.ToplocRoot, ToplocRoot);
        return map.Encode();
    }

    /// <summary>Verifies the signature and reads the claims; whether they are the right ones is the client's business.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, ECDsa key, [NotNullWhen(true)] out Receipt? receipt, out ReceiptError error)
    {
        receipt = null;
        error = CoseSign1.Verify(message, key, ReceiptTypes.Receipt, out ReadOnlySpan<byte> payload, out byte[] digest);
        if (error != ReceiptError.None)
        {
            return false;
        }

        ClaimSet claims = ClaimSet.Read(payload);
        Receipt read = new()
        {
            BootId = claims.Issuer(),
            IssuedAt = claims.Time(ReceiptLabels.IssuedAt),
            AcceptedAt = claims.Time(ReceiptLabels.AcceptedAt),
            Id = claims.Bytes(ReceiptLabels.Id, 16),
            ClientNonce = claims.Bytes(ReceiptLabels.Nonce, 32),
            KeysetDigest = claims.Bytes(ReceiptLabels.KeysetDigest, 32),
            Binding = claims.Bytes(ReceiptLabels.Binding, 48),
            ManifestRoot = claims.Bytes(ReceiptLabels.ManifestRoot, 32),
            NumericProfile = claims.Text(ReceiptLabels.NumericProfile),
            Model = claims.OptionalText(ReceiptLabels.Model),
            RequestDigest = claims.Bytes(ReceiptLabels.RequestDigest, 32),
            PromptCommitment = claims.Bytes(ReceiptLabels.PromptCommitment, 32),
            OutputCommitment = claims.Bytes(ReceiptLabels.OutputCommitment, 32),
            PromptTokens = claims.UInt32(ReceiptLabels.PromptTokens),
            OutputTokens = claims.UInt32(ReceiptLabels.OutputTokens),
            Sampling = claims.Sampling(),
            ChainHead = claims.Bytes(ReceiptLabels.ChainHead, 32),
            ChunkCount = claims.UInt64(ReceiptLabels.ChunkCount),
            Counter = claims.UInt64(ReceiptLabels.Counter),
            Previous = claims.BytesOrNull(ReceiptLabels.Previous, 32),
            FinishReason = claims.Text(ReceiptLabels.FinishReason),
            AuditCommitment = claims.Bytes(ReceiptLabels.AuditCommitment, 32),
            Simulated = claims.Boolean(ReceiptLabels.Simulated),
            TraceRoot = claims.OptionalBytes(ReceiptLabels.TraceRoot, 32),
            SketchRoot = claims.OptionalBytes(ReceiptLabels.SketchRoot, 32),
            ToplocRoot = claims.OptionalBytes(ReceiptLabels.ToplocRoot, 32),
            Digest = digest,
        };

        // Number 1 has no predecessor, and every other has one.
        bool first = read.Counter == 1;
        if (!claims.IsComplete || read.Counter == 0 || first != read.Previous is null
            || read.FinishReason is not ("stop" or "length" or "cancelled"))
        {
            error = ReceiptError.Claims;
            return false;
        }

        receipt = read;
        return true;
    }

    private static void AddRoot(DeterministicCborMap map, long label, ReadOnlyMemory<byte>? root)
    {
        if (root is { } bytes)
        {
            map.Add(label, bytes.ToArray());
        }
    }
}
