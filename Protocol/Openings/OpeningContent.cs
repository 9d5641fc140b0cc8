using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Verathos.Protocol.Openings;

/// <summary>The content of an answer with openings: items one after another, each behind its length in four bytes, big-endian.</summary>
public static class OpeningContent
{
    /// <summary>Media type of the content.</summary>
    public const string MediaType = "application/vnd.verathos.openings";

    /// <summary>Bytes before an item.</summary>
    public const int HeaderSize = sizeof(uint);

    /// <summary>The most items that are read.</summary>
    public const int MaximumItems = 1 << 20;

    /// <summary>Writes what comes before an item.</summary>
    /// <param name="length">The item's.</param>
    /// <param name="destination">Four bytes.</param>
    public static void WriteHeader(int length, Span<byte> destination) => BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)length);

    /// <summary>Takes the items apart; false where the lengths do not fill the content exactly.</summary>
    /// <param name="content">All of it.</param>
    /// <param name="items">The items in place.</param>
    public static bool TrySplit(ReadOnlyMemory<byte> content, [NotNullWhen(true)] out IReadOnlyList<ReadOnlyMemory<byte>>? items)
    {
        items = null;
        List<ReadOnlyMemory<byte>> found = [];
        while (!content.IsEmpty)
        {
            if (content.Length < HeaderSize || found.Count == MaximumItems
                || BinaryPrimitives.ReadUInt32BigEndian(content.Span) is var length && length > (uint)(content.Length - HeaderSize))
            {
                return false;
            }

            found.Add(content.Slice(HeaderSize, (int)length));
            content = content[(HeaderSize + (int)length)..];
        }

        items = found;
        return true;
    }
}
