namespace Verathos.Validator.Epochs;

/// <summary>A node in a reveal.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Passed">Whether nothing of it failed in the epoch.</param>
/// <param name="Receipts">Its receipts, in the order of its canaries.</param>
public sealed record RevealedNode(string Name, bool Passed, IReadOnlyList<RevealedReceipt> Receipts);
