using Verathos.Training;

namespace Verathos.Host.Training;

/// <summary>The proofs that a validator has of workers that signed two histories in a run: who is in it is left out for good.</summary>
internal sealed class EquivocationFolder
{
    private readonly string _folder;

    /// <summary>Opens a folder, or makes one.</summary>
    public EquivocationFolder(string folder)
    {
        _folder = Path.Combine(Path.GetFullPath(folder), "equivocations");
        Directory.CreateDirectory(_folder);
    }

    /// <summary>Whether there is a proof against a worker.</summary>
    public bool Has(WorkerKey worker) => File.Exists(PathOf(worker));

    /// <summary>The file of a worker's proof.</summary>
    public string PathOf(WorkerKey worker) => Path.Combine(_folder, worker + ".cbor");

    /// <summary>Keeps a proof.</summary>
    /// <returns>The file.</returns>
    public string Write(WorkerKey worker, WorkerEquivocation proof)
    {
        DurableFile.Write(PathOf(worker), proof.Encode());
        return PathOf(worker);
    }
}
