using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;

namespace Verathos.Host.Training;

/// <summary>The evidence with which a worker's keyset came.</summary>
/// <param name="Raw">The collection as received.</param>
/// <param name="Nonce">The nonce that it answers, 32 bytes.</param>
/// <param name="RequestedAt">When the nonce was made, to the millisecond.</param>
internal sealed record MemberEvidence(ReadOnlyMemory<byte> Raw, ReadOnlyMemory<byte> Nonce, DateTimeOffset RequestedAt)
{
    /// <summary>[collection, nonce, Unix milliseconds].</summary>
    public byte[] Encode() => new DeterministicCborWriter().Array(3).Bytes(Raw.Span).Bytes(Nonce.Span).Int64(RequestedAt.ToUnixTimeMilliseconds()).ToArray();

    /// <summary>Reads what <see cref="Encode"/> gives.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out MemberEvidence? evidence)
    {
        evidence = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _) || !reader.TryReadArray(out int members) || members != 3 || !reader.TryReadBytes(out ReadOnlySpan<byte> raw)
            || !reader.TryReadBytes(32, out byte[] nonce) || !reader.TryReadInt64(out long at) || !reader.AtEnd)
        {
            return false;
        }

        evidence = new MemberEvidence(raw.ToArray(), nonce, DateTimeOffset.FromUnixTimeMilliseconds(at));
        return true;
    }
}
