namespace Verathos.Validator.State;

/// <summary>A canary as it was drawn. Nothing of its text is kept: the same number draws it again.</summary>
/// <param name="Id">16 random bytes.</param>
/// <param name="Ordinal">Which of the node's canaries of the epoch.</param>
/// <param name="Number">Its conversation's number among all that were ever planned.</param>
/// <param name="Turn">Which turn of it.</param>
/// <param name="Think">How long after the earlier turn's answer it is sent.</param>
/// <param name="ReplicaGroup">The group that gets the same canary; null for none.</param>
public sealed record PlannedCanary(byte[] Id, int Ordinal, long Number, int Turn, TimeSpan Think, int? ReplicaGroup);
