using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;

namespace Verathos.Host.Training;

/// <summary>What a worker made of a round, kept before anybody is shown anything of it.</summary>
/// <param name="Salt">Of the commitment, 32 bytes.</param>
/// <param name="Message">The signed record.</param>
/// <param name="SealedGradient">The gradient, sealed to the validators.</param>
/// <param name="Keyset">Under which the record is signed.</param>
/// <param name="Record">The record, verified.</param>
internal sealed record WorkerPacket(ReadOnlyMemory<byte> Salt, ReadOnlyMemory<byte> Message, ReadOnlyMemory<byte> SealedGradient, Keyset Keyset, TrainingRecord Record)
{
    /// <summary>[salt, record, sealed gradient, keyset].</summary>
    public byte[] Encode() => new DeterministicCborWriter().Array(4).Bytes(Salt.Span).Bytes(Message.Span).Bytes(SealedGradient.Span).Bytes(Keyset.Encoded.Span).ToArray();

    /// <summary>Reads what <see cref="Encode"/> gives.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out WorkerPacket? packet)
    {
        packet = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _) || !reader.TryReadArray(out int members) || members != 4 || !reader.TryReadBytes(32, out byte[] salt)
            || !reader.TryReadBytes(out ReadOnlySpan<byte> message) || !reader.TryReadBytes(out ReadOnlySpan<byte> box) || !reader.TryReadBytes(out ReadOnlySpan<byte> encodedKeyset)
            || !reader.AtEnd || !Keyset.TryParse(encodedKeyset.ToArray(), out Keyset? keyset, out _))
        {
            return false;
        }

        using ECDsa key = keyset.SigningKey.ToECDsa();
        if (!TrainingRecord.TryParse(message, key, out TrainingRecord? record, out _))
        {
            return false;
        }

        packet = new WorkerPacket(salt, message.ToArray(), box.ToArray(), keyset, record);
        return true;
    }
}
