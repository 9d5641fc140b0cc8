namespace Verathos.Protocol.Bhttp;

/// <summary>A part of a response as <see cref="BinaryResponseReader"/> finds it.</summary>
/// <param name="Kind">Which part.</param>
/// <param name="Status">The status code, of a head.</param>
/// <param name="Fields">Header fields of a head, trailer fields of the end.</param>
/// <param name="Content">A copy of content bytes; a chunk of the message may come in several pieces.</param>
public readonly record struct BhttpPart(BhttpPartKind Kind, int Status, IReadOnlyList<BhttpField> Fields, ReadOnlyMemory<byte> Content);
