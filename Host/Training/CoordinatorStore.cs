using System.Globalization;
using Verathos.Protocol.Cbor;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>
/// A coordinator's folder: the run's file, who joined and with which evidence, each round's settings and journal, and the models that rounds start from. What is
/// in it is the coordinator: one that is killed at any point goes on from it.
/// </summary>
internal sealed class CoordinatorStore : IDisposable
{
    private const string Label = "verathos.coordinator-round.v1";
    private const int ModelsKept = 3;

    private readonly string _folder;
    private readonly FrameJournal _joins;
    private readonly List<RosterEntry> _joined = [];

    /// <summary>Opens a folder, or makes one for a run.</summary>
    /// <exception cref="InvalidDataException">It is another run's, or was changed.</exception>
    /// <exception cref="IOException">It cannot be used, or another process has it.</exception>
    public CoordinatorStore(string folder, RunFile run, ReadOnlySpan<byte> file)
    {
        _folder = Path.GetFullPath(folder);
        Run = run;
        foreach (string part in (string[])["rounds", "models"])
        {
            Directory.CreateDirectory(Path.Combine(_folder, part));
        }

        string own = Path.Combine(_folder, "run.json");
        if (!File.Exists(own))
        {
            DurableFile.Write(own, file);
        }
        else if (!File.ReadAllBytes(own).AsSpan().SequenceEqual(file))
        {
            throw new InvalidDataException($"{_folder} is the folder of another run: name another one with --dir");
        }

        // Its lock is the folder's: a second coordinator does not start.
        _joins = new FrameJournal(Path.Combine(_folder, "joins.journal"), TakeJoin);
        try
        {
            Book = new RecordBook(_folder);
        }
        catch (InvalidDataException)
        {
            _joins.Dispose();
            throw;
        }
    }

    /// <summary>The run.</summary>
    public RunFile Run { get; }

    /// <summary>The records that rounds took, with those between them, and the evidence of all keysets.</summary>
    public RecordBook Book { get; }

    /// <summary>Every join in its order; each entry has one keyset.</summary>
    public IReadOnlyList<RosterEntry> Joined => _joined;

    /// <summary>Writes a join down, with its evidence first.</summary>
    public void Join(RosterEntry entry, MemberEvidence evidence)
    {
        Book.Keep(entry.Keysets[^1].Digest, evidence);
        DeterministicCborWriter writer = new();
        entry.Write(writer);
        _joins.Append(writer.Written);
        _joined.Add(entry);
    }

    /// <summary>The number of the latest round that was begun; 0 before the first.</summary>
    public ulong LatestRound() => Directory.EnumerateFiles(Path.Combine(_folder, "rounds"), "*.settings")
        .Select(static path => ulong.Parse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture)).DefaultIfEmpty(0UL).Max();

    /// <summary>Writes a round down before it opens: its settings, the roster, and how many joins are in it.</summary>
    public void BeginRound(RoundSettings settings, IReadOnlyList<RosterEntry> roster, int joins, ulong outcomeRound)
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(5).Text(Label).Bytes(RoundSettingsEncoding.Encode(settings)).UInt64((ulong)joins).UInt64(outcomeRound).Array(roster.Count);
        foreach (RosterEntry entry in roster)
        {
            entry.Write(writer);
        }

        DurableFile.Write(SettingsPath(settings.Round), writer.Written);
    }

    /// <summary>Reads what <see cref="BeginRound"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file was changed.</exception>
    public (RoundSettings Settings, IReadOnlyList<RosterEntry> Roster, int Joins, ulong OutcomeRound) Begun(ulong round)
    {
        byte[] bytes = File.ReadAllBytes(SettingsPath(round));
        DeterministicCborReader reader = new(bytes);
        List<RosterEntry> roster = [];
        bool read = DeterministicCbor.TryValidate(bytes, out _) && reader.TryReadArray(out int members) && members == 5 && reader.TryReadText(out string label) && label == Label;
        RoundSettings? settings = null;
        uint joins = 0;
        ulong outcome = 0;
        read = read && reader.TryReadBytes(out ReadOnlySpan<byte> encoded) && RoundSettingsEncoding.TryParse(encoded, Run.RoundValidators, out settings)
            && reader.TryReadUInt32(out joins) && reader.TryReadUInt64(out outcome) && reader.TryReadArray(out int count) && TryReadRoster(ref reader, count, roster) && reader.AtEnd;
        return read && settings!.Round == round && joins <= _joined.Count ? (settings, roster, (int)joins, outcome) : throw new InvalidDataException($"{SettingsPath(round)} was changed");
    }

    /// <summary>Whether a round was begun.</summary>
    public bool HasRound(ulong round) => File.Exists(SettingsPath(round));

    /// <summary>Opens a round's journal.</summary>
    public RoundJournal OpenJournal(ulong round) => new(JournalPath(round));

    /// <summary>The events of a round that is over.</summary>
    public IReadOnlyList<RoundEvent> EventsOf(ulong round)
    {
        using RoundJournal journal = OpenJournal(round);
        return journal.Events;
    }

    /// <summary>Whether the model is there that a round starts from.</summary>
    public bool HasModel(ulong round) => File.Exists(ModelPath(round));

    /// <summary>Keeps the model that a round starts from, and lets old ones go; the first one stays.</summary>
    public void WriteModel(ulong round, ReadOnlySpan<float> weights)
    {
        DurableFile.Write(ModelPath(round), FlatModel.ToBytes(weights));
        if (round > ModelsKept + 1)
        {
            File.Delete(ModelPath(round - ModelsKept));
        }
    }

    /// <summary>The bytes of the model that a round starts from; null where it is not kept.</summary>
    public byte[]? ModelBytes(ulong round) => HasModel(round) ? File.ReadAllBytes(ModelPath(round)) : null;

    /// <summary>The path of the model that a round starts from.</summary>
    public string ModelPath(ulong round) => Path.Combine(_folder, "models", Name(round) + ".f32");

    /// <inheritdoc/>
    public void Dispose() => _joins.Dispose();

    private static bool TryReadRoster(ref DeterministicCborReader reader, int count, List<RosterEntry> roster)
    {
        for (int i = 0; i < count; i++)
        {
            if (!RosterEntry.TryRead(ref reader, out RosterEntry? entry))
            {
                return false;
            }

            roster.Add(entry);
        }

        return true;
    }

    private static string Name(ulong round) => round.ToString("D8", CultureInfo.InvariantCulture);

    private string SettingsPath(ulong round) => Path.Combine(_folder, "rounds", Name(round) + ".settings");

    private string JournalPath(ulong round) => Path.Combine(_folder, "rounds", Name(round) + ".journal");

    private bool TakeJoin(byte[] piece)
    {
        DeterministicCborReader reader = new(piece);
        if (!DeterministicCbor.TryValidate(piece, out _) || !RosterEntry.TryRead(ref reader, out RosterEntry? entry) || !reader.AtEnd)
        {
            return false;
        }

        _joined.Add(entry);
        return true;
    }
}
