using Verathos.Protocol.Receipts;
using Verathos.Training.Records;

namespace Verathos.Host.Training;

/// <summary>A record that was read.</summary>
/// <param name="Signed">As it was signed, with its keyset.</param>
/// <param name="Record">What it says.</param>
internal sealed record KeptRecord(SignedRecord Signed, TrainingRecord Record);
