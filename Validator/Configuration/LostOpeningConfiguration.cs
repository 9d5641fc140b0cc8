namespace Verathos.Validator.Configuration;

/// <summary>How many openings a node may lose to restarts before a lost one counts as failed.</summary>
/// <param name="Count">So many are without weight.</param>
/// <param name="Epochs">Within so many epochs.</param>
public sealed record LostOpeningConfiguration(int Count, int Epochs);
