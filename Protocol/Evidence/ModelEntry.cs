namespace Verathos.Protocol.Evidence;

/// <summary>One of the models of a node that has several.</summary>
/// <param name="Name">The name that requests ask for: 1 to 256 characters, none of them a control character.</param>
/// <param name="Root">Merkle root over the model's parts, 32 bytes.</param>
/// <param name="Tensors">Number of weight tensors.</param>
/// <param name="Bytes">Bytes in all parts.</param>
/// <param name="Leaves">Leaves of the Merkle tree.</param>
/// <param name="NumericProfile">Name of the profile that fixes the bits.</param>
/// <param name="MaxPromptTokens">Tokens of a prompt.</param>
public sealed record ModelEntry(string Name, ReadOnlyMemory<byte> Root, uint Tensors, ulong Bytes, uint Leaves, string NumericProfile, uint MaxPromptTokens);
