using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Receipts;

/// <summary>
/// The signed statement that closes a round of training: from which model, on which documents, with which steps and losses a worker's
/// enclave came to which gradient, and what state it keeps. A worker's records form a chain by their counters and digests.
/// </summary>
public sealed record TrainingRecord
{
    /// <summary>More inner steps than this are refused.</summary>
    public const int MostSteps = 8192;

    /// <summary>The keyset's boot id, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> BootId { get; init; }

    /// <summary>When it was signed; whole seconds, by the enclave's own clock.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>16 random bytes.</summary>
    public required ReadOnlyMemory<byte> Id { get; init; }

    /// <summary>SHA-256 of the keyset.</summary>
    public required ReadOnlyMemory<byte> KeysetDigest { get; init; }

    /// <summary>Name of the numeric profile.</summary>
    public required string NumericProfile { get; init; }

    /// <summary>The worker's key, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Worker { get; init; }

    /// <summary>The round.</summary>
    public required ulong Round { get; init; }

    /// <summary>The public beacon value that assigned the documents, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Beacon { get; init; }

    /// <summary>Root of the model that the round started from, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> BaseModelRoot { get; init; }

    /// <summary>Root of the documents, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ShardRoot { get; init; }

    /// <summary>The loss of each inner step in order, 1 to 8,192 of them; each finite and at least 0.</summary>
    public required IReadOnlyList<float> Losses { get; init; }

    /// <summary>Root of the compressed gradient, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> GradientRoot { get; init; }

    /// <summary>Root of what was not sent, after the round, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ErrorFeedbackRoot { get; init; }

    /// <summary>Root of the optimiser's state after the round, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> OptimiserRoot { get; init; }

    /// <summary>Root of the tree with one leaf for each inner step, 32 bytes: any one of them can be opened and computed again alone.</summary>
    public required ReadOnlyMemory<byte> StepsRoot { get; init; }

    /// <summary>
    /// Root of the model that the round's steps came to, 32 bytes. Where the worker trains alone it is the next round's
    /// <see cref="BaseModelRoot"/>, and after the last round the model's.
    /// </summary>
    public required ReadOnlyMemory<byte> ResultRoot { get; init; }

    /// <summary>Number of this record in its worker's chain, from 1 without gaps.</summary>
    public required ulong Counter { get; init; }

    /// <summary>Digest of the record with the number before, 32 bytes; null for number 1.</summary>
    public ReadOnlyMemory<byte>? Previous { get; init; }

    /// <summary>True if the TEE is simulated.</summary>
    public required bool Simulated { get; init; }

    /// <summary>Number of inner steps.</summary>
    public int Steps => Losses.Count;

    /// <summary>SHA-256 of the Sig_structure, by which the next record names this one; set by <see cref="TryParse"/>, empty before.</summary>
    public ReadOnlyMemory<byte> Digest { get; private init; }

    /// <summary>The statement as COSE_Sign1, and its digest for the next record's <see cref="Previous"/>.</summary>
    public byte[] Sign(ECDsa key, out byte[] digest) => CoseSign1.Sign(key, ReceiptTypes.Training, EncodeClaims(), out digest);

    /// <summary>The claims in deterministic CBOR.</summary>
    public byte[] EncodeClaims()
    {
        byte[] losses = new byte[4 * Losses.Count];
        for (int i = 0; i < Losses.Count; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(losses.AsSpan(4 * i), Losses[i]);
        }

        DeterministicCborMap map = new();
        ClaimSet.Issuer(map, BootId);
        ClaimSet.Time(map, ReceiptLabels.IssuedAt, IssuedAt);
        return map
            .Add(ReceiptLabels.Id, Id.ToArray())
            .Add(ReceiptLabels.KeysetDigest, KeysetDigest.ToArray())
            .Add(ReceiptLabels.NumericProfile, NumericProfile)
            .Add(ReceiptLabels.Counter, Counter)
            .Add(ReceiptLabels.Previous, writer => _ = Previous is { } previous ? writer.Bytes(previous.Span) : writer.Null())
            .Add(ReceiptLabels.Simulated, writer => writer.Boolean(Simulated))
            .Add(TrainingLabels.Worker, Worker.ToArray())
            .Add(TrainingLabels.Round, Round)
            .Add(TrainingLabels.Beacon, Beacon.ToArray())
            .Add(TrainingLabels.BaseModelRoot, BaseModelRoot.ToArray())
            .Add(TrainingLabels.ShardRoot, ShardRoot.ToArray())
            .Add(TrainingLabels.Steps, (ulong)Losses.Count)
            .Add(TrainingLabels.Losses, losses)
            .Add(TrainingLabels.GradientRoot, GradientRoot.ToArray())
            .Add(TrainingLabels.ErrorFeedbackRoot, ErrorFeedbackRoot.ToArray())
            .Add(TrainingLabels.OptimiserRoot, OptimiserRoot.ToArray())
            .Add(TrainingLabels.StepsRoot, StepsRoot.ToArray())
            .Add(TrainingLabels.ResultRoot, ResultRoot.ToArray())
            .Encode();
    }

    /// <summary>Verifies the signature and reads the claims; whether they are the right ones is the verifier's business.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, ECDsa key, [NotNullWhen(true)] out TrainingRecord? record, out ReceiptError error)
    {
        record = null;
        error = CoseSign1.Verify(message, key, ReceiptTypes.Training, out ReadOnlySpan<byte> payload, out byte[] digest);
        if (error != ReceiptError.None)
        {
            return false;
        }

        ClaimSet claims = ClaimSet.Read(payload);
        uint steps = claims.UInt32(TrainingLabels.Steps);
        bool possible = steps is >= 1 and <= MostSteps;
        byte[] losses = claims.Bytes(TrainingLabels.Losses, possible ? 4 * (int)steps : 0);
        TrainingRecord read = new()
        {
            BootId = claims.Issuer(),
            IssuedAt = claims.Time(ReceiptLabels.IssuedAt),
            Id = claims.Bytes(ReceiptLabels.Id, 16),
            KeysetDigest = claims.Bytes(ReceiptLabels.KeysetDigest, 32),
            NumericProfile = claims.Text(ReceiptLabels.NumericProfile),
            Worker = claims.Bytes(TrainingLabels.Worker, 32),
            Round = claims.UInt64(TrainingLabels.Round),
            Beacon = claims.Bytes(TrainingLabels.Beacon, 32),
            BaseModelRoot = claims.Bytes(TrainingLabels.BaseModelRoot, 32),
            ShardRoot = claims.Bytes(TrainingLabels.ShardRoot, 32),
            Losses = ReadLosses(losses),
            GradientRoot = claims.Bytes(TrainingLabels.GradientRoot, 32),
            ErrorFeedbackRoot = claims.Bytes(TrainingLabels.ErrorFeedbackRoot, 32),
            OptimiserRoot = claims.Bytes(TrainingLabels.OptimiserRoot, 32),
            StepsRoot = claims.Bytes(TrainingLabels.StepsRoot, 32),
            ResultRoot = claims.Bytes(TrainingLabels.ResultRoot, 32),
            Counter = claims.UInt64(ReceiptLabels.Counter),
            Previous = claims.BytesOrNull(ReceiptLabels.Previous, 32),
            Simulated = claims.Boolean(ReceiptLabels.Simulated),
            Digest = digest,
        };
        if (!claims.IsComplete || !possible || read.Counter == 0 || (read.Counter == 1) == read.Previous.HasValue
            || read.Losses.Any(loss => !float.IsFinite(loss) || loss < 0))
        {
            error = ReceiptError.Claims;
            return false;
        }

        record = read;
        return true;
    }

    private static float[] ReadLosses(byte[] bytes)
    {
        float[] losses = new float[bytes.Length / 4];
        for (int i = 0; i < losses.Length; i++)
        {
            losses[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4 * i));
        }

        return losses;
    }
}
