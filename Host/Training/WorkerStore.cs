using System.Globalization;
using System.Security.Cryptography;
using Verathos.Enclave.Training;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;

namespace Verathos.Host.Training;

/// <summary>
/// A worker's folder: its key, all of its records, and for the latest rounds the state before, the state after, what was signed, and whether the run took it. A round that
/// the run did not take counts as never trained: the next one starts from the state before it, and only its record stays in the chain.
/// </summary>
internal sealed class WorkerStore : IDisposable
{
    private const int RoundsKept = 3;
    private const string Taken = "taken";
    private const string Missed = "missed";

    private readonly string _folder;
    private readonly ParameterLayout _layout;
    private readonly FileStream _lock;

    /// <summary>Opens a folder, or makes one for a run.</summary>
    /// <exception cref="TrainingException">It is another run's, or something in it was changed.</exception>
    /// <exception cref="IOException">It cannot be used, or another process has it.</exception>
    public WorkerStore(string folder, RunFile run, ReadOnlySpan<byte> file, ParameterLayout layout)
    {
        (_folder, _layout) = (Path.GetFullPath(folder), layout);
        Directory.CreateDirectory(Path.Combine(_folder, "rounds"));
        Directory.CreateDirectory(Path.Combine(_folder, "records"));
        _lock = new FileStream(Path.Combine(_folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        string own = Path.Combine(_folder, "run.json");
        if (!File.Exists(own))
        {
            DurableFile.Write(own, file);
        }
        else if (!SHA256.HashData(File.ReadAllBytes(own)).AsSpan().SequenceEqual(run.Id.Span))
        {
            _lock.Dispose();
            throw new TrainingException($"{_folder} is the folder of another run; name another one with --dir.");
        }

        Hotkey = SigningKeyFile.OpenOrCreate(Path.Combine(_folder, "hotkey.p8"));

        // A stop between the round's packet and the record's own file.
        if (LatestRound is > 0 and ulong latest && Packet(latest) is { } packet && !File.Exists(RecordPath(packet.Record.Counter)))
        {
            WriteRecord(packet);
        }
    }

    /// <summary>The key that speaks for the worker.</summary>
    public ECDsa Hotkey { get; }

    /// <summary>The latest round that was begun; 0 before the first.</summary>
    public ulong LatestRound => Rounds().DefaultIfEmpty(0UL).Max();

    /// <summary>Whether a round is settled.</summary>
    public bool IsSettled(ulong round) => File.Exists(In(round, Taken)) || File.Exists(In(round, Missed));

    /// <summary>Notes whether the run took a round's contribution, and lets old rounds go.</summary>
    public void Settle(ulong round, bool taken)
    {
        if (!IsSettled(round))
        {
            DurableFile.Write(In(round, taken ? Taken : Missed), []);
        }

        foreach (ulong old in Rounds().Where(old => old + RoundsKept <= round).ToArray())
        {
            Directory.Delete(Folder(old), recursive: true);
        }
    }

    /// <summary>What was made of a round; null where nothing was yet.</summary>
    /// <exception cref="TrainingException">It was changed.</exception>
    public WorkerPacket? Packet(ulong round)
    {
        string path = In(round, "packet.cbor");
        return !File.Exists(path) ? null : WorkerPacket.TryDecode(File.ReadAllBytes(path), out WorkerPacket? packet) ? packet : throw new TrainingException($"{path} was changed.");
    }

    /// <summary>The state from which the next round starts.</summary>
    public WorkerState Current(WorkerState initial) => LatestRound is > 0 and ulong latest
        ? State(In(latest, File.Exists(In(latest, Taken)) ? "after.safetensors" : "before.safetensors"), initial).State
        : initial;

    /// <summary>The weights and the state before a round.</summary>
    public (float[] Weights, WorkerState State) Before(ulong round, WorkerState initial) => State(In(round, "before.safetensors"), initial);

    /// <summary>Keeps what a round starts from; nothing happens where it is kept.</summary>
    public void Begin(ulong round, float[] weights, WorkerState before)
    {
        if (!Directory.Exists(Folder(round)))
        {
            string partial = Path.Combine(_folder, "rounds", "begun.partial");
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }

            Directory.CreateDirectory(partial);
            Write(Path.Combine(partial, "before.safetensors"), weights, before);
            Directory.Move(partial, Folder(round));
        }
    }

    /// <summary>Keeps what was made of a round. From here on nothing else is signed for it.</summary>
    public void Keep(ulong round, float[] weights, WorkerState after, WorkerPacket packet)
    {
        Write(In(round, "after.safetensors"), weights, after);
        DurableFile.Write(In(round, "packet.cbor"), packet.Encode());
        WriteRecord(packet);
    }

    /// <summary>The end of the chain of records.</summary>
    public ChainHead Head()
    {
        ulong last = Directory.EnumerateFiles(Path.Combine(_folder, "records"), "*.cbor")
            .Select(static path => ulong.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : 0UL).DefaultIfEmpty(0UL).Max();
        return last == 0 ? ChainHead.None : ChainHead.Of(Records(last - 1).First().Record);
    }

    /// <summary>The records after a number, in order.</summary>
    public IEnumerable<(byte[] Message, TrainingRecord Record)> Records(ulong after)
    {
        for (ulong counter = after + 1; File.Exists(RecordPath(counter)); counter++)
        {
            byte[] encoded = File.ReadAllBytes(RecordPath(counter));
            DeterministicCborReader reader = new(encoded);
            if (!reader.TryReadArray(out int members) || members != 2 || !reader.TryReadBytes(out ReadOnlySpan<byte> message) || !reader.TryReadBytes(out ReadOnlySpan<byte> encodedKeyset)
                || !Keyset.TryParse(encodedKeyset.ToArray(), out Keyset? keyset, out _) || Read(keyset, message) is not { } record || record.Counter != counter)
            {
                throw new TrainingException($"{RecordPath(counter)} was changed.");
            }

            yield return (message.ToArray(), record);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Hotkey.Dispose();
        _lock.Dispose();
    }

    private static TrainingRecord? Read(Keyset keyset, ReadOnlySpan<byte> message)
    {
        using ECDsa key = keyset.SigningKey.ToECDsa();
        return TrainingRecord.TryParse(message, key, out TrainingRecord? record, out _) ? record : null;
    }

    private (float[] Weights, WorkerState State) State(string path, WorkerState initial)
    {
        TrainingState state = TrainingState.Read(path, _layout);
        return (state.Weights, new WorkerState(state.Optimiser ?? initial.Optimiser, state.Rest));
    }

    private void Write(string path, float[] weights, WorkerState state) =>
        new TrainingState { Weights = weights, Optimiser = state.Optimiser, Rest = state.Rest }.Write(path, _layout);

    private void WriteRecord(WorkerPacket packet) =>
        DurableFile.Write(RecordPath(packet.Record.Counter), new DeterministicCborWriter().Array(2).Bytes(packet.Message.Span).Bytes(packet.Keyset.Encoded.Span).Written);

    private IEnumerable<ulong> Rounds() => Directory.EnumerateDirectories(Path.Combine(_folder, "rounds"))
        .Select(static path => ulong.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : 0UL).Where(static number => number > 0);

    private string Folder(ulong round) => Path.Combine(_folder, "rounds", round.ToString("D8", CultureInfo.InvariantCulture));

    private string In(ulong round, string name) => Path.Combine(Folder(round), name);

    private string RecordPath(ulong counter) => Path.Combine(_folder, "records", counter.ToString("D8", CultureInfo.InvariantCulture) + ".cbor");
}
