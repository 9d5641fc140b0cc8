namespace Verathos.Training.Judging;

/// <summary>A held-out document and its loss at the model that is known by its digest.</summary>
internal readonly record struct KnownLoss(int Document, DocumentLoss Loss);
