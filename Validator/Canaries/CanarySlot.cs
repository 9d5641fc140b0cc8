namespace Verathos.Validator.Canaries;

/// <summary>A node in an epoch's plan.</summary>
/// <param name="Count">How many canaries it is sent, or a few more: the last conversation is not broken off.</param>
/// <param name="Model">The model and profile that it serves; only nodes of one are asked the same.</param>
public readonly record struct CanarySlot(int Count, string Model);
