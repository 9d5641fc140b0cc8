namespace Verathos.GpuRuntime.Training;

/// <summary>Options of one run that do not change the model.</summary>
/// <param name="Folder">Where the model is written.</param>
/// <param name="CheckpointFile">The checkpoint.</param>
/// <param name="Fresh">Starts again although a checkpoint exists.</param>
/// <param name="CorpusFile">Writes the corpus there as JSON lines too; null to write it nowhere.</param>
/// <param name="StopAfter">Stops with a checkpoint once that many steps are done; null for the recipe's steps.</param>
public sealed record TrainingOptions(
    string Folder, string CheckpointFile, bool Fresh = false, string? CorpusFile = null, int? StopAfter = null);
