using System.Buffers.Binary;

namespace Verathos.Client.Openings;

/// <summary>The items of an answer with chunk proofs: their number in four bytes, then as many TOPLOC proofs and as many sketches.</summary>
internal static class OpenedChunks
{
    /// <summary>Takes the items apart; false where there are not as many as stated.</summary>
    public static bool TryRead(IReadOnlyList<ReadOnlyMemory<byte>> items, out IReadOnlyList<ReadOnlyMemory<byte>> toploc, out IReadOnlyList<ReadOnlyMemory<byte>> sketches)
    {
        (toploc, sketches) = ([], []);
        if (items.Count < 1 || items[0].Length != sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(items[0].Span) is var chunks && items.Count != 1 + (2L * chunks))
            return false;

        int count = (items.Count - 1) / 2;
        (toploc, sketches) = ([.. items.Skip(1).Take(count)], [.. items.Skip(1 + count)]);
        return true;
    }
}
