namespace Verathos.Enclave.Training;

/// <summary>Options of one local run that do not change the model.</summary>
/// <param name="Folder">Where the model is written, and inside it the folder of its training.</param>
/// <param name="Threads">Threads of the arithmetic; they change no bit.</param>
/// <param name="Fresh">Starts again although there are records.</param>
/// <param name="CorpusFile">Writes the corpus there as JSON lines too; null to write it nowhere.</param>
/// <param name="StopAfter">Stops once so many rounds are done; null for the recipe's.</param>
public sealed record LocalTrainingOptions(string Folder, int Threads, bool Fresh = false, string? CorpusFile = null, int? StopAfter = null);
