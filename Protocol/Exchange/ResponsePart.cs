using Verathos.Protocol.Bhttp;

namespace Verathos.Protocol.Exchange;

/// <summary>A part of a sealed response.</summary>
/// <param name="Kind">Head, content or end.</param>
/// <param name="Status">The inner status, of the head.</param>
/// <param name="Fields">Header fields of the head, trailer fields of the end.</param>
/// <param name="Content">Bytes of the content.</param>
/// <param name="ChunkIndex">The sealed chunk that completed this part, from 1.</param>
public readonly record struct ResponsePart(
    BhttpPartKind Kind, int Status, IReadOnlyList<BhttpField> Fields, ReadOnlyMemory<byte> Content, long ChunkIndex);
