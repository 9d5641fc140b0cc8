using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Receipts;

/// <summary>The signed statement that opens a stream: this enclave took this request and will answer it like this.</summary>
public sealed record Acceptance
{
    /// <summary>The keyset's boot id, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> BootId { get; init; }

    /// <summary>When it was signed; whole seconds, by the enclave's own clock.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>16 random bytes that name the stream.</summary>
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

    /// <summary>Number of prompt tokens.</summary>
    public required uint PromptTokens { get; init; }

    /// <summary>How tokens will be chosen.</summary>
    public required SamplingClaims Sampling { get; init; }

    /// <summary>SHA-256 of the client's audit secret, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> AuditCommitment { get; init; }

    /// <summary>True if the TEE is simulated.</summary>
    public required bool Simulated { get; init; }

    /// <summary>SHA-256 of the Sig_structure; set by <see cref="Sign"/>'s counterpart <see cref="TryParse"/>, empty before.</summary>
    public ReadOnlyMemory<byte> Digest { get; private init; }

    /// <summary>The statement as COSE_Sign1.</summary>
    public byte[] Sign(ECDsa key) => CoseSign1.Sign(key, ReceiptTypes.Acceptance, EncodeClaims(), out _);

    /// <summary>The claims in deterministic CBOR.</summary>
    public byte[] EncodeClaims()
    {
        DeterministicCborMap map = new();
        ClaimSet.Issuer(map, BootId);
        ClaimSet.Time(map, ReceiptLabels.IssuedAt, IssuedAt);
        ClaimSet.Sampling(map, Sampling);
        ClaimSet.Optional(map, ReceiptLabels.Model, Model);
        return map
            .Add(ReceiptLabels.Id, Id.ToArray())
            .Add(ReceiptLabels.Nonce, ClientNonce.ToArray())
            .Add(ReceiptLabels.KeysetDigest, KeysetDigest.ToArray())
            .Add(ReceiptLabels.Binding, Binding.ToArray())
            .Add(ReceiptLabels.ManifestRoot, ManifestRoot.ToArray())
            .Add(ReceiptLabels.NumericProfile, NumericProfile)
            .Add(ReceiptLabels.RequestDigest, RequestDigest.ToArray())
            .Add(ReceiptLabels.PromptCommitment, PromptCommitment.ToArray())
            .Add(ReceiptLabels.PromptTokens, PromptTokens)
            .Add(ReceiptLabels.AuditCommitment, AuditCommitment.ToArray())
            .Add(ReceiptLabels.Simulated, writer => writer.Boolean(Simulated))
            .Encode();
    }

    /// <summary>Verifies the signature and reads the claims; whether they are the right ones is the client's business.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, ECDsa key, [NotNullWhen(true)] out Acceptance? acceptance, out ReceiptError error)
    {
        acceptance = null;
        error = CoseSign1.Verify(message, key, ReceiptTypes.Acceptance, out ReadOnlySpan<byte> payload, out byte[] digest);
        if (error != ReceiptError.None)
        {
            return false;
        }

        ClaimSet claims = ClaimSet.Read(payload);
        Acceptance read = new()
        {
            BootId = claims.Issuer(),
            IssuedAt = claims.Time(ReceiptLabels.IssuedAt),
            Id = claims.Bytes(ReceiptLabels.Id, 16),
            ClientNonce = claims.Bytes(ReceiptLabels.Nonce, 32),
            KeysetDigest = claims.Bytes(ReceiptLabels.KeysetDigest, 32),
            Binding = claims.Bytes(ReceiptLabels.Binding, 48),
            ManifestRoot = claims.Bytes(ReceiptLabels.ManifestRoot, 32),
            NumericProfile = claims.Text(ReceiptLabels.NumericProfile),
            Model = claims.OptionalText(ReceiptLabels.Model),
            RequestDigest = claims.Bytes(ReceiptLabels.RequestDigest, 32),
            PromptCommitment = claims.Bytes(ReceiptLabels.PromptCommitment, 32),
            PromptTokens = claims.UInt32(ReceiptLabels.PromptTokens),
            Sampling = claims.Sampling(),
            AuditCommitment = claims.Bytes(ReceiptLabels.AuditCommitment, 32),
            Simulated = claims.Boolean(ReceiptLabels.Simulated),
            Digest = digest,
        };
        if (!claims.IsComplete)
        {
            error = ReceiptError.Claims;
            return false;
        }

        acceptance = read;
        return true;
    }
}
