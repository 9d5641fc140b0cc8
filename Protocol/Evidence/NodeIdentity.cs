using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Evidence;

/// <summary>Where a node is registered: {1: genesis hash (32 bytes), 2: network uid, 3: hotkey (32 bytes)}.</summary>
public sealed record NodeIdentity(ReadOnlyMemory<byte> GenesisHash, uint NetUid, ReadOnlyMemory<byte> Hotkey)
{
    /// <summary>Deterministic CBOR.</summary>
    public byte[] Encode() => new DeterministicCborMap()
        .Add(1, GenesisHash.ToArray())
        .Add(2, NetUid)
        .Add(3, Hotkey.ToArray())
        .Encode();

    /// <summary>Reads an identity; exact members and lengths.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out NodeIdentity? identity)
    {
        identity = null;
        DeterministicCborReader reader = new(encoded);
        if (!DeterministicCbor.TryValidate(encoded, out _)
            || !reader.TryReadMap(out int count) || count != 3
            || !reader.TryReadInt64(out long label) || label != 1 || !reader.TryReadBytes(32, out byte[] genesis)
            || !reader.TryReadInt64(out label) || label != 2 || !reader.TryReadUInt32(out uint netUid)
            || !reader.TryReadInt64(out label) || label != 3 || !reader.TryReadBytes(32, out byte[] hotkey))
        {
            return false;
        }

        identity = new NodeIdentity(genesis, netUid, hotkey);
        return true;
    }
}
