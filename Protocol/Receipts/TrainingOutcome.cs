using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Receipts;

/// <summary>
/// The signed statement by which a validator ends a round of training: to which model the round's contributions lead, and what each of
/// them is worth. Outcomes that counted form a chain by their digests.
/// </summary>
public sealed record TrainingOutcome
{
    /// <summary>More verdicts than this are refused; as many fit into a statement.</summary>
    public const int MostVerdicts = 512;

    /// <summary>When it was signed; whole seconds, by the validator's own clock.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>The training run, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Run { get; init; }

    /// <summary>SHA-256 of the validator's COSE_Key, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Validator { get; init; }

    /// <summary>The round.</summary>
    public required ulong Round { get; init; }

    /// <summary>Root of the model that the round started from, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> BaseModelRoot { get; init; }

    /// <summary>Digest of what the round's contributions came to, 32 bytes: it names every one of them.</summary>
    public required ReadOnlyMemory<byte> ResultDigest { get; init; }

    /// <summary>Root of the aggregate, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> AggregateRoot { get; init; }

    /// <summary>Root of the model after the round, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> NextModelRoot { get; init; }

    /// <summary>One verdict for each contribution, in ascending order of the workers' keys; at most <see cref="MostVerdicts"/>.</summary>
    public required IReadOnlyList<OutcomeVerdict> Verdicts { get; init; }

    /// <summary>Held-out loss before and after the round, nats per token; null where it was not measured. Finite.</summary>
    public (double Before, double After)? Losses { get; init; }

    /// <summary>Digest of the last outcome of the run that counted, 32 bytes; null for the first.</summary>
    public ReadOnlyMemory<byte>? Previous { get; init; }

    /// <summary>SHA-256 of the Sig_structure, by which the next outcome names this one; set by <see cref="TryParse"/>, empty before.</summary>
    public ReadOnlyMemory<byte> Digest { get; private init; }

    /// <summary>The statement as COSE_Sign1, and its digest.</summary>
    public byte[] Sign(ECDsa key, out byte[] digest) => CoseSign1.Sign(key, ReceiptTypes.TrainingOutcome, EncodeClaims(), out digest);

    /// <summary>The claims in deterministic CBOR.</summary>
    public byte[] EncodeClaims()
    {
        DeterministicCborMap map = new();
        ClaimSet.Time(map, ReceiptLabels.IssuedAt, IssuedAt);
        return map
            .Add(ReceiptLabels.Previous, writer => _ = Previous is { } previous ? writer.Bytes(previous.Span) : writer.Null())
            .Add(TrainingLabels.Run, Run.ToArray())
            .Add(TrainingLabels.Signer, Validator.ToArray())
            .Add(TrainingLabels.Round, Round)
            .Add(TrainingLabels.BaseModelRoot, BaseModelRoot.ToArray())
            .Add(TrainingLabels.ResultDigest, ResultDigest.ToArray())
            .Add(TrainingLabels.AggregateRoot, AggregateRoot.ToArray())
            .Add(TrainingLabels.NextModelRoot, NextModelRoot.ToArray())
            .Add(TrainingLabels.LossBefore, writer => Write(writer, Losses?.Before))
            .Add(TrainingLabels.LossAfter, writer => Write(writer, Losses?.After))
            .Add(TrainingLabels.Verdicts, writer =>
            {
                writer.Array(Verdicts.Count);
                foreach (OutcomeVerdict verdict in Verdicts)
                {
                    Write(writer.Array(4).Bytes(verdict.Worker.Span).Text(verdict.Verdict), verdict.Impact);
                    writer.UInt64(verdict.Units);
                }
            })
            .Encode();
    }

    /// <summary>Verifies the signature and reads the claims; whether they are the right ones is the verifier's business.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, ECDsa key, [NotNullWhen(true)] out TrainingOutcome? outcome, out ReceiptError error)
    {
        outcome = null;
        error = CoseSign1.Verify(message, key, ReceiptTypes.TrainingOutcome, out ReadOnlySpan<byte> payload, out byte[] digest);
        if (error != ReceiptError.None)
        {
            return false;
        }

        ClaimSet claims = ClaimSet.Read(payload);
        ReadOnlyMemory<byte>? before = claims.BytesOrNull(TrainingLabels.LossBefore, 8);
        ReadOnlyMemory<byte>? after = claims.BytesOrNull(TrainingLabels.LossAfter, 8);
        bool read = TryReadVerdicts(claims.Encoded(TrainingLabels.Verdicts), out List<OutcomeVerdict> verdicts);
        TrainingOutcome found = new()
        {
            IssuedAt = claims.Time(ReceiptLabels.IssuedAt),
            Previous = claims.BytesOrNull(ReceiptLabels.Previous, 32),
            Run = claims.Bytes(TrainingLabels.Run, 32),
            Validator = claims.Bytes(TrainingLabels.Signer, 32),
            Round = claims.UInt64(TrainingLabels.Round),
            BaseModelRoot = claims.Bytes(TrainingLabels.BaseModelRoot, 32),
            ResultDigest = claims.Bytes(TrainingLabels.ResultDigest, 32),
            AggregateRoot = claims.Bytes(TrainingLabels.AggregateRoot, 32),
            NextModelRoot = claims.Bytes(TrainingLabels.NextModelRoot, 32),
            Verdicts = verdicts,
            Losses = before is { Length: 8 } b && after is { Length: 8 } a ? (BinaryPrimitives.ReadDoubleBigEndian(b.Span), BinaryPrimitives.ReadDoubleBigEndian(a.Span)) : null,
            Digest = digest,
        };
        if (!claims.IsComplete || !read || before.HasValue != after.HasValue || found.Losses is { } losses && !(double.IsFinite(losses.Before) && double.IsFinite(losses.After)))
        {
            error = ReceiptError.Claims;
            return false;
        }

        outcome = found;
        return true;
    }

    private static void Write(DeterministicCborWriter writer, double? number)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (number is { } value)
        {
            BinaryPrimitives.WriteDoubleBigEndian(bytes, value);
            writer.Bytes(bytes);
        }
        else
        {
            writer.Null();
        }
    }

    private static bool TryReadVerdicts(ReadOnlySpan<byte> encoded, out List<OutcomeVerdict> verdicts)
    {
        verdicts = [];
        DeterministicCborReader reader = new(encoded);
        if (!reader.TryReadArray(out int count) || count > MostVerdicts)
        {
            return false;
        }

        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadArray(out int members) || members != 4 || !reader.TryReadBytes(32, out byte[] worker) || !reader.TryReadText(out string verdict)
                || !reader.TryReadBytes(8, out byte[] impact) || !reader.TryReadUInt64(out ulong units))
            {
                return false;
            }

            OutcomeVerdict read = new(worker, verdict, BinaryPrimitives.ReadDoubleBigEndian(impact), units);
            if (!OutcomeVerdict.IsName(verdict) || !double.IsFinite(read.Impact) || (i > 0 && verdicts[^1].Worker.Span.SequenceCompareTo(worker) >= 0))
            {
                return false;
            }

            verdicts.Add(read);
        }

        return reader.AtEnd;
    }
}
