using System.Globalization;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Records;

namespace Verathos.Host.Training;

/// <summary>
/// The workers' records in a run, each worker's from the first on without a hole, with the evidence with which their keysets came: a folder that coordinator and
/// validators have each of their own. Who writes to it has checked them.
/// </summary>
internal sealed class RecordBook
{
    private readonly string _folder;
    private readonly Dictionary<WorkerKey, List<Entry>> _chains = [];
    private readonly Dictionary<WorkerKey, TrainingRecord> _last = [];

    /// <summary>Opens a folder, or makes one.</summary>
    /// <exception cref="InvalidDataException">Something in it was changed.</exception>
    public RecordBook(string folder)
    {
        _folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(Path.Combine(_folder, "records"));
        Directory.CreateDirectory(Path.Combine(_folder, "evidence"));
        foreach (string path in Directory.EnumerateDirectories(Path.Combine(_folder, "records")))
        {
            string name = Path.GetFileName(path);
            if (RunFile.IsHex(name, 2 * WorkerKey.Length))
            {
                Load(new WorkerKey(Convert.FromHexString(name)));
            }
        }
    }

    /// <summary>The last record of a worker; null where there is none.</summary>
    public TrainingRecord? Last(WorkerKey worker) => _last.GetValueOrDefault(worker);

    /// <summary>The record with a number; null where it is not here.</summary>
    public KeptRecord? At(WorkerKey worker, ulong counter) => counter >= 1 && counter <= (ulong)Chain(worker).Count ? Read(worker, counter) : null;

    /// <summary>The record of a round; null where there is none.</summary>
    public KeptRecord? OfRound(WorkerKey worker, ulong round) => Chain(worker).FindIndex(entry => entry.Round == round) is >= 0 and int at ? Read(worker, (ulong)at + 1) : null;

    /// <summary>The records after a number, in order.</summary>
    public IEnumerable<KeptRecord> After(WorkerKey worker, ulong counter)
    {
        for (ulong next = counter; next < (ulong)Chain(worker).Count;)
        {
            yield return Read(worker, ++next);
        }
    }

    /// <summary>Root of the optimiser's state after the last record before a number that a round took; null where none was, or where not all of them are here.</summary>
    /// <param name="worker">Whose.</param>
    /// <param name="counter">The number.</param>
    /// <param name="took">Whether a round's outcome names the worker.</param>
    /// <param name="isWhole">Whether all records before the number are here.</param>
    public ReadOnlyMemory<byte>? StateAfterLastTaken(WorkerKey worker, ulong counter, Func<ulong, bool> took, out bool isWhole)
    {
        List<Entry> chain = Chain(worker);
        isWhole = counter >= 1 && counter <= (ulong)chain.Count + 1;
        for (int i = isWhole ? (int)counter - 2 : -1; i >= 0; i--)
        {
            if (took(chain[i].Round))
            {
                return chain[i].OptimiserRoot;
            }
        }

        return null;
    }

    /// <summary>Adds a record that follows the last one; false where it does not, and true where it is here already.</summary>
    public bool Add(WorkerKey worker, KeptRecord kept, MemberEvidence? evidence)
    {
        TrainingRecord record = kept.Record;
        List<Entry> chain = Chain(worker);
        if (record.Counter <= (ulong)chain.Count)
        {
            return chain[(int)record.Counter - 1].Digest.Span.SequenceEqual(record.Digest.Span);
        }

        if (!IsNext(worker, chain, record))
        {
            return false;
        }

        if (evidence is not null && Evidence(kept.Signed.Keyset.Digest) is null)
        {
            Keep(kept.Signed.Keyset.Digest, evidence);
        }

        Directory.CreateDirectory(Folder(worker));
        DurableFile.Write(PathOf(worker, record.Counter), new DeterministicCborWriter().Array(2).Bytes(kept.Signed.Message.Span).Bytes(kept.Signed.Keyset.Encoded.Span).Written);
        Take(worker, chain, record);
        return true;
    }

    /// <summary>Keeps the evidence with which a keyset came.</summary>
    public void Keep(ReadOnlyMemory<byte> keysetDigest, MemberEvidence evidence) => DurableFile.Write(EvidencePath(keysetDigest), evidence.Encode());

    /// <summary>The evidence with which a keyset came; null where it is not here.</summary>
    public MemberEvidence? Evidence(ReadOnlyMemory<byte> keysetDigest)
    {
        string path = EvidencePath(keysetDigest);
        return File.Exists(path) && MemberEvidence.TryDecode(File.ReadAllBytes(path), out MemberEvidence? evidence) ? evidence : null;
    }

    private static bool IsNext(WorkerKey worker, List<Entry> chain, TrainingRecord record) =>
        record.Worker.Span.SequenceEqual(worker.Bytes) && record.Counter == (ulong)chain.Count + 1
        && (chain.Count == 0 ? record.Previous is null : record.Previous is { } previous && previous.Span.SequenceEqual(chain[^1].Digest.Span));

    private void Load(WorkerKey worker)
    {
        List<Entry> chain = [];
        _chains[worker] = chain;
        for (ulong counter = 1; File.Exists(PathOf(worker, counter)); counter++)
        {
            TrainingRecord record = Read(worker, counter).Record;
            Take(worker, chain, IsNext(worker, chain, record) ? record : throw new InvalidDataException($"{PathOf(worker, counter)} was changed"));
        }
    }

    private void Take(WorkerKey worker, List<Entry> chain, TrainingRecord record)
    {
        chain.Add(new Entry(record.Round, record.Digest, record.OptimiserRoot));
        (_chains[worker], _last[worker]) = (chain, record);
    }

    private KeptRecord Read(WorkerKey worker, ulong counter)
    {
        string path = PathOf(worker, counter);
        DeterministicCborReader reader = new(File.ReadAllBytes(path));
        return reader.TryReadArray(out int members) && members == 2 && reader.TryReadBytes(out ReadOnlySpan<byte> message) && reader.TryReadBytes(out ReadOnlySpan<byte> encoded) && reader.AtEnd
            && Keyset.TryParse(encoded.ToArray(), out Keyset? keyset, out _) && new SignedRecord(message.ToArray(), keyset) is var signed
            && RecordChain.Read(signed, out TrainingRecord? record) == RecordChainError.None
            ? new KeptRecord(signed, record!)
            : throw new InvalidDataException($"{path} was changed");
    }

    private List<Entry> Chain(WorkerKey worker) => _chains.TryGetValue(worker, out List<Entry>? chain) ? chain : [];

    private string Folder(WorkerKey worker) => Path.Combine(_folder, "records", worker.ToString());

    private string PathOf(WorkerKey worker, ulong counter) => Path.Combine(Folder(worker), counter.ToString("D8", CultureInfo.InvariantCulture) + ".cbor");

    private string EvidencePath(ReadOnlyMemory<byte> keysetDigest) => Path.Combine(_folder, "evidence", Convert.ToHexStringLower(keysetDigest.Span) + ".cbor");

    private readonly record struct Entry(ulong Round, ReadOnlyMemory<byte> Digest, ReadOnlyMemory<byte> OptimiserRoot);
}
