namespace Verathos.GpuRuntime.Training;

/// <summary>Token ids of a document and which of them the model learns to write.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Learned">True for the tokens of replies and plain texts with the token that ends them.</param>
public sealed record EncodedDocument(int[] Ids, bool[] Learned);
