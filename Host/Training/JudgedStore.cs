using System.Globalization;
using Verathos.Protocol.Cbor;
using Verathos.Training.Judging;

namespace Verathos.Host.Training;

/// <summary>What a validator judged, round by round: the outcome as signed, its aggregate, and the judge's state after it, kept before anybody is shown anything: no round has two outcomes of one validator.</summary>
internal sealed class JudgedStore
{
    private readonly string _folder;

    /// <summary>Opens a run's part of a validator's folder, or makes one.</summary>
    public JudgedStore(string folder, ReadOnlyMemory<byte> run)
    {
        _folder = Path.Combine(Path.GetFullPath(folder), "training", Convert.ToHexStringLower(run.Span)[..16]);
        Directory.CreateDirectory(_folder);
    }

    /// <summary>The folder.</summary>
    public string Folder => _folder;

    /// <summary>The rounds that were judged, ascending.</summary>
    public IReadOnlyList<ulong> Rounds => [.. Directory.EnumerateFiles(_folder, "*.cbor").Select(static path => ulong.Parse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture)).Order()];

    /// <summary>Keeps a judged round; the judge's states of old rounds go with the rounds.</summary>
    public void Write(ulong round, ReadOnlySpan<byte> statement, ReadOnlySpan<byte> aggregate, JudgeState state) =>
        DurableFile.Write(PathOf(round), new DeterministicCborWriter().Array(3).Bytes(statement).Bytes(aggregate).Bytes(state.Save()).Written, isSecret: true);

    /// <summary>A judged round; null where it was not judged.</summary>
    /// <exception cref="InvalidDataException">The file was changed.</exception>
    public (byte[] Statement, byte[] Aggregate, JudgeState State)? Read(ulong round)
    {
        if (!File.Exists(PathOf(round)))
        {
            return null;
        }

        byte[] bytes = File.ReadAllBytes(PathOf(round));
        DeterministicCborReader reader = new(bytes);
        return DeterministicCbor.TryValidate(bytes, out _) && reader.TryReadArray(out int members) && members == 3 && reader.TryReadBytes(out ReadOnlySpan<byte> statement)
            && reader.TryReadBytes(out ReadOnlySpan<byte> aggregate) && reader.TryReadBytes(out ReadOnlySpan<byte> state) && reader.AtEnd
            ? (statement.ToArray(), aggregate.ToArray(), JudgeState.Restore(state))
            : throw new InvalidDataException($"{PathOf(round)} was changed");
    }

    private string PathOf(ulong round) => Path.Combine(_folder, round.ToString("D8", CultureInfo.InvariantCulture) + ".cbor");
}
