using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Receipts;

namespace Verathos.Validator.Verdicts;

/// <summary>
/// What a validator says of a node whose evidence reached the bound, signed with its owner's key: COSE_Sign1 over the deterministic CBOR
/// map {1: version 1, 2: subject, 3: sum in millionths of a nat, 4: bound, 5: checks, 6: seconds since 1970}. It says nothing of single checks.
/// </summary>
/// <param name="Subject">The node: its identity where the list names one, else its address.</param>
/// <param name="SumMicro">The evidence, in millionths of a nat.</param>
/// <param name="BoundMicro">The bound that it was compared with.</param>
/// <param name="Checks">Outcomes that it adds up.</param>
/// <param name="At">When; whole seconds.</param>
public sealed record VerdictStatement(string Subject, long SumMicro, long BoundMicro, long Checks, DateTimeOffset At)
{
    /// <summary>The protected type.</summary>
    public const string Type = "application/vnd.verathos.verdict+cwt";

    private const int MaximumSubject = 2048;

    /// <summary>Signs the statement.</summary>
    public byte[] Sign(ECDsa key) => CoseSign1.Sign(
        key,
        Type,
        new DeterministicCborMap().Add(1, 1UL).Add(2, Subject).Add(3, checked((ulong)SumMicro)).Add(4, checked((ulong)BoundMicro)).Add(5, checked((ulong)Checks)).Add(6, checked((ulong)At.ToUnixTimeSeconds())).Encode(),
        out _);

    /// <summary>Verifies and reads a statement.</summary>
    /// <param name="message">Exactly one COSE_Sign1.</param>
    /// <param name="key">The validator's key.</param>
    /// <param name="statement">The statement, whose bound is reached.</param>
    public static bool TryParse(ReadOnlySpan<byte> message, ECDsa key, [NotNullWhen(true)] out VerdictStatement? statement)
    {
        statement = null;
        if (CoseSign1.Verify(message, key, Type, out ReadOnlySpan<byte> payload, out _) != ReceiptError.None || !DeterministicCbor.TryValidate(payload, out _))
        {
            return false;
        }

        DeterministicCborReader reader = new(payload);
        if (!reader.TryReadMap(out int count) || count != 6
            || !Number(ref reader, 1, out long version) || version != 1
            || !reader.TryReadInt64(out long label) || label != 2 || !reader.TryReadText(out string subject) || subject.Length is 0 or > MaximumSubject
            || !Number(ref reader, 3, out long sum) || !Number(ref reader, 4, out long bound) || !Number(ref reader, 5, out long checks) || !Number(ref reader, 6, out long at)
            || bound < 1 || sum < bound || checks < 1 || at > 253_402_300_799)
        {
            return false;
        }

        statement = new VerdictStatement(subject, sum, bound, checks, DateTimeOffset.FromUnixTimeSeconds(at));
        return true;
    }

    private static bool Number(ref DeterministicCborReader reader, long key, out long value)
    {
        value = 0;
        return reader.TryReadInt64(out long label) && label == key && reader.TryReadInt64(out value) && value >= 0;
    }
}
