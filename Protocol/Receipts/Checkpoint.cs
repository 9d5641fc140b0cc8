using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Receipts;

/// <summary>The signed statement inside a stream: after chunk i the chain's head was h_i. A stream that is cut keeps this proof of what was delivered.</summary>
public sealed record Checkpoint
{
    /// <summary>When it was signed; whole seconds, by the enclave's own clock.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>The acceptance's 16 bytes.</summary>
    public required ReadOnlyMemory<byte> Id { get; init; }

    /// <summary>SHA-256 of the keyset.</summary>
    public required ReadOnlyMemory<byte> KeysetDigest { get; init; }

    /// <summary>SHA-256 of the encapsulated request.</summary>
    public required ReadOnlyMemory<byte> RequestDigest { get; init; }

    /// <summary>i: chunks in the chain, all before the one that carries this.</summary>
    public required ulong ChunkCount { get; init; }

    /// <summary>h_i, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ChainHead { get; init; }

    /// <summary>Answer tokens in those chunks.</summary>
    public required uint OutputTokens { get; init; }

    /// <summary>SHA-256 of the Sig_structure; set by <see cref="TryParse"/>, empty before.</summary>
    public ReadOnlyMemory<byte> Digest { get; private init; }

    /// <summary>The statement as COSE_Sign1.</summary>
    public byte[] Sign(ECDsa key) => CoseSign1.Sign(key, ReceiptTypes.Checkpoint, EncodeClaims(), out _);

    /// <summary>The claims in deterministic CBOR.</summary>
    public byte[] EncodeClaims()
    {
        DeterministicCborMap map = new();
        ClaimSet.Time(map, ReceiptLabels.IssuedAt, IssuedAt);
        return map
            .Add(ReceiptLabels.Id, Id.ToArray())
            .Add(ReceiptLabels.KeysetDigest, KeysetDigest.ToArray())
            .Add(ReceiptLabels.RequestDigest, RequestDigest.ToArray())
            .Add(ReceiptLabels.OutputTokens, OutputTokens)
            .Add(ReceiptLabels.ChainHead, ChainHead.ToArray())
            .Add(ReceiptLabels.ChunkCount, ChunkCount)
            .Encode();
    }

    /// <summary>Verifies the signature and reads the claims; whether they are the right ones is the client's business.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, ECDsa key, [NotNullWhen(true)] out Checkpoint? checkpoint, out ReceiptError error)
    {
        checkpoint = null;
        error = CoseSign1.Verify(message, key, ReceiptTypes.Checkpoint, out ReadOnlySpan<byte> payload, out byte[] digest);
        if (error != ReceiptError.None)
        {
            return false;
        }

        ClaimSet claims = ClaimSet.Read(payload);
        Checkpoint read = new()
        {
            IssuedAt = claims.Time(ReceiptLabels.IssuedAt),
            Id = claims.Bytes(ReceiptLabels.Id, 16),
            KeysetDigest = claims.Bytes(ReceiptLabels.KeysetDigest, 32),
            RequestDigest = claims.Bytes(ReceiptLabels.RequestDigest, 32),
            ChunkCount = claims.UInt64(ReceiptLabels.ChunkCount),
            ChainHead = claims.Bytes(ReceiptLabels.ChainHead, 32),
            OutputTokens = claims.UInt32(ReceiptLabels.OutputTokens),
            Digest = digest,
        };
        if (!claims.IsComplete)
        {
            error = ReceiptError.Claims;
            return false;
        }

        checkpoint = read;
        return true;
    }
}
