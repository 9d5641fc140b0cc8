using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;

namespace Verathos.Protocol.Receipts;

/// <summary>
/// What a worker or a validator signs with its own key to speak for itself in a training run: which operation, in which round, over
/// which bytes. Operations that change something may be sent again without doing anything twice, so a copied request does no more than
/// the first.
/// </summary>
public sealed record TrainingRequest
{
    /// <summary>When it was signed; whole seconds, by the signer's own clock.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>The training run, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Run { get; init; }

    /// <summary>SHA-256 of the signer's COSE_Key, 32 bytes: for a worker, its key.</summary>
    public required ReadOnlyMemory<byte> Signer { get; init; }

    /// <summary>The operation, such as "commit".</summary>
    public required string Operation { get; init; }

    /// <summary>The round; 0 where it is about none.</summary>
    public required ulong Round { get; init; }

    /// <summary>SHA-256 of what goes with it, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> BodyDigest { get; init; }

    /// <summary>The 32 bytes by which a key is named: SHA-256 of its COSE_Key.</summary>
    public static byte[] NameOf(CoseKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return SHA256.HashData(key.Encode());
    }

    /// <summary>The statement as COSE_Sign1.</summary>
    public byte[] Sign(ECDsa key)
    {
        DeterministicCborMap map = new();
        ClaimSet.Time(map, ReceiptLabels.IssuedAt, IssuedAt);
        byte[] claims = map
            .Add(TrainingLabels.Run, Run.ToArray())
            .Add(TrainingLabels.Signer, Signer.ToArray())
            .Add(TrainingLabels.Operation, Operation)
            .Add(TrainingLabels.Round, Round)
            .Add(TrainingLabels.BodyDigest, BodyDigest.ToArray())
            .Encode();
        return CoseSign1.Sign(key, ReceiptTypes.TrainingRequest, claims, out _);
    }

    /// <summary>Verifies the signature and reads the claims; whether they are the right ones is the verifier's business.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, ECDsa key, [NotNullWhen(true)] out TrainingRequest? request, out ReceiptError error)
    {
        request = null;
        error = CoseSign1.Verify(message, key, ReceiptTypes.TrainingRequest, out ReadOnlySpan<byte> payload, out _);
        if (error != ReceiptError.None)
        {
            return false;
        }

        ClaimSet claims = ClaimSet.Read(payload);
        TrainingRequest read = new()
        {
            IssuedAt = claims.Time(ReceiptLabels.IssuedAt),
            Run = claims.Bytes(TrainingLabels.Run, 32),
            Signer = claims.Bytes(TrainingLabels.Signer, 32),
            Operation = claims.Text(TrainingLabels.Operation),
            Round = claims.UInt64(TrainingLabels.Round),
            BodyDigest = claims.Bytes(TrainingLabels.BodyDigest, 32),
        };
        if (!claims.IsComplete)
        {
            error = ReceiptError.Claims;
            return false;
        }

        request = read;
        return true;
    }
}
