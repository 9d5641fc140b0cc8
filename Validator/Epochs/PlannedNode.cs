namespace Verathos.Validator.Epochs;

/// <summary>A node in an epoch's plan.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Count">Canaries that it is sent, or a few more.</param>
/// <param name="Model">The manifest root and profile that it was attested with when the epoch was planned; empty where it never was.</param>
public sealed record PlannedNode(string Name, int Count, string Model);
