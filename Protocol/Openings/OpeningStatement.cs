using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Receipts;

namespace Verathos.Protocol.Openings;

/// <summary>
/// The signed statement that closes an answer with openings: this enclave was asked for this of this receipt, and showed this.
/// With the receipt, what was shown and the audit secret, a bad opening is a proof that anybody can check.
/// </summary>
public sealed record OpeningStatement
{
    /// <summary>The keyset's boot id, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> BootId { get; init; }

    /// <summary>When it was signed; whole seconds, by the enclave's own clock.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>The nonce of the request for openings, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Nonce { get; init; }

    /// <summary>SHA-256 of the keyset that signs this, which may be a successor of the receipt's.</summary>
    public required ReadOnlyMemory<byte> KeysetDigest { get; init; }

    /// <summary>SHA-256 of the encapsulated request for openings.</summary>
    public required ReadOnlyMemory<byte> RequestDigest { get; init; }

    /// <summary>SHA-256 of the opened receipt's Sig_structure.</summary>
    public required ReadOnlyMemory<byte> ReceiptDigest { get; init; }

    /// <summary>What was asked for.</summary>
    public required OpeningAsk Ask { get; init; }

    /// <summary>SHA-256 of the content, all items with their lengths.</summary>
    public required ReadOnlyMemory<byte> ContentDigest { get; init; }

    /// <summary>Items of the content.</summary>
    public required uint Items { get; init; }

    /// <summary>True if the TEE is simulated.</summary>
    public required bool Simulated { get; init; }

    /// <summary>SHA-256 of the Sig_structure; set by <see cref="TryParse"/>, empty before.</summary>
    public ReadOnlyMemory<byte> Digest { get; private init; }

    /// <summary>The statement as COSE_Sign1.</summary>
    public byte[] Sign(ECDsa key) => CoseSign1.Sign(key, ReceiptTypes.Opening, EncodeClaims(), out _);

    /// <summary>The claims in deterministic CBOR.</summary>
    public byte[] EncodeClaims()
    {
        DeterministicCborMap map = new();
        ClaimSet.Issuer(map, BootId);
        ClaimSet.Time(map, ReceiptLabels.IssuedAt, IssuedAt);
        return map
            .Add(ReceiptLabels.Nonce, Nonce.ToArray())
            .Add(ReceiptLabels.KeysetDigest, KeysetDigest.ToArray())
            .Add(ReceiptLabels.RequestDigest, RequestDigest.ToArray())
            .Add(ReceiptLabels.Simulated, writer => writer.Boolean(Simulated))
            .Add(ReceiptLabels.ReceiptDigest, ReceiptDigest.ToArray())
            .Add(ReceiptLabels.Asked, Ask.Write)
            .Add(ReceiptLabels.ContentDigest, ContentDigest.ToArray())
            .Add(ReceiptLabels.Items, Items)
            .Encode();
    }

    /// <summary>Verifies the signature and reads the claims; whether they are the right ones is the client's business.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, ECDsa key, [NotNullWhen(true)] out OpeningStatement? statement, out ReceiptError error)
    {
        statement = null;
        error = CoseSign1.Verify(message, key, ReceiptTypes.Opening, out ReadOnlySpan<byte> payload, out byte[] digest);
        if (error != ReceiptError.None)
        {
            return false;
        }

        ClaimSet claims = ClaimSet.Read(payload);
        OpeningStatement read = new()
        {
            BootId = claims.Issuer(),
            IssuedAt = claims.Time(ReceiptLabels.IssuedAt),
            Nonce = claims.Bytes(ReceiptLabels.Nonce, 32),
            KeysetDigest = claims.Bytes(ReceiptLabels.KeysetDigest, 32),
            RequestDigest = claims.Bytes(ReceiptLabels.RequestDigest, 32),
            Simulated = claims.Boolean(ReceiptLabels.Simulated),
            ReceiptDigest = claims.Bytes(ReceiptLabels.ReceiptDigest, 32),
            Ask = claims.Asked(),
            ContentDigest = claims.Bytes(ReceiptLabels.ContentDigest, 32),
            Items = claims.UInt32(ReceiptLabels.Items),
            Digest = digest,
        };
        if (!claims.IsComplete)
        {
            error = ReceiptError.Claims;
            return false;
        }

        statement = read;
        return true;
    }
}
