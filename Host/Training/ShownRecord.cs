using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Grpc;
using Verathos.Protocol.Keys;
using Verathos.Training.Records;

namespace Verathos.Host.Training;

/// <summary>A record as it is shown, with its keyset and the evidence for it; nothing of it is checked.</summary>
/// <param name="Signed">The record, with the keyset.</param>
/// <param name="Evidence">The evidence.</param>
internal sealed record ShownRecord(SignedRecord Signed, MemberEvidence Evidence)
{
    /// <summary>Reads a message; null where its keyset is none.</summary>
    public static ShownRecord? Of(RecordMessage message) => Of(message.Record.Memory, message.Keyset.Memory, message.Evidence.Memory, message.Nonce.Memory, message.RequestedAtMs);

    /// <summary>Reads what was revealed; null where its keyset is none.</summary>
    public static ShownRecord? Of(RevealedMessage message) => Of(message.Record.Memory, message.Keyset.Memory, message.Evidence.Memory, message.Nonce.Memory, message.RequestedAtMs);

    /// <summary>[record, keyset, [collection, nonce, Unix milliseconds]].</summary>
    public void Write(DeterministicCborWriter writer) => writer.Array(3).Bytes(Signed.Message.Span).Bytes(Signed.Keyset.Encoded.Span).Bytes(Evidence.Encode());

    /// <summary>Reads what <see cref="Write"/> writes.</summary>
    public static bool TryRead(ref DeterministicCborReader reader, [NotNullWhen(true)] out ShownRecord? shown)
    {
        shown = null;
        if (!reader.TryReadArray(out int members) || members != 3 || !reader.TryReadBytes(out ReadOnlySpan<byte> message) || !reader.TryReadBytes(out ReadOnlySpan<byte> encoded)
            || !Keyset.TryParse(encoded.ToArray(), out Keyset? keyset, out _) || !reader.TryReadBytes(out ReadOnlySpan<byte> bytes) || !MemberEvidence.TryDecode(bytes, out MemberEvidence? evidence))
        {
            return false;
        }

        shown = new ShownRecord(new SignedRecord(message.ToArray(), keyset), evidence);
        return true;
    }

    private static ShownRecord? Of(ReadOnlyMemory<byte> record, ReadOnlyMemory<byte> encoded, ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> nonce, long requestedAtMs) =>
        Keyset.TryParse(encoded, out Keyset? keyset, out _)
            ? new ShownRecord(new SignedRecord(record, keyset), new MemberEvidence(evidence, nonce, DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(requestedAtMs, 0, 253402300799999))))
            : null;
}
