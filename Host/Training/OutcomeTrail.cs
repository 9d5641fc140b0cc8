using System.Globalization;
using Verathos.GpuRuntime.Training;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>
/// The outcomes of a run that counted, in a folder: each is signed by a validator of the run and names the one before, so that which rounds took a worker's
/// record follows from signatures and not from the coordinator's word.
/// </summary>
internal sealed class OutcomeTrail
{
    private readonly string _folder;
    private readonly Func<ReadOnlyMemory<byte>, TrainingOutcome?> _read;
    private readonly Dictionary<ulong, HashSet<WorkerKey>> _took = [];
    private TrainingOutcome? _last;

    /// <summary>Opens a folder, or makes one.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="read">Reads an outcome that a validator of the run signed; null where none did.</param>
    /// <exception cref="InvalidDataException">Something in it was changed.</exception>
    public OutcomeTrail(string folder, Func<ReadOnlyMemory<byte>, TrainingOutcome?> read)
    {
        (_folder, _read) = (Path.Combine(Path.GetFullPath(folder), "outcomes"), read);
        Directory.CreateDirectory(_folder);
        foreach (string path in Directory.EnumerateFiles(_folder, "*.cose").Order(StringComparer.Ordinal))
        {
            Take(read(File.ReadAllBytes(path)) is { } outcome && IsNext(outcome, _last) ? outcome : throw new InvalidDataException($"{path} was changed"));
        }
    }

    /// <summary>Whether a round had an outcome that counted and names the worker.</summary>
    public bool Took(ulong round, WorkerKey worker) => _took.TryGetValue(round, out HashSet<WorkerKey>? workers) && workers.Contains(worker);

    /// <summary>Follows the outcomes up to the one that a round goes on from.</summary>
    /// <param name="settings">The round.</param>
    /// <param name="outcomeRound">The round of that outcome, as the coordinator says.</param>
    /// <param name="fetch">Fetches the outcome of a round; null where it has none.</param>
    /// <exception cref="TrainingException">What the coordinator shows is not a chain of signed outcomes.</exception>
    public async Task FollowAsync(RoundSettings settings, ulong outcomeRound, Func<ulong, Task<byte[]?>> fetch)
    {
        ReadOnlyMemory<byte>? expected = settings.LastOutcome;
        Stack<(TrainingOutcome Outcome, byte[] Statement)> missing = [];
        // A number that is ahead of the round would be counted down for nothing.
        for (ulong round = Math.Min(outcomeRound, settings.Round - 1); expected.HasValue && round > (_last?.Round ?? 0); round--)
        {
            if (await fetch(round).ConfigureAwait(false) is not { } statement)
            {
                continue;
            }

            TrainingOutcome? outcome = _read(statement);
            if (outcome is null || outcome.Round != round || !outcome.Digest.Span.SequenceEqual(expected.Value.Span))
            {
                break;
            }

            missing.Push((outcome, statement));
            expected = outcome.Previous;
        }

        if (!Equal(expected, _last?.Digest))
        {
            throw new TrainingException($"The outcomes that the coordinator shows before round {settings.Round} are not one chain that the run's validators signed.");
        }

        foreach ((TrainingOutcome outcome, byte[] statement) in missing)
        {
            DurableFile.Write(Path.Combine(_folder, outcome.Round.ToString("D8", CultureInfo.InvariantCulture) + ".cose"), statement);
            Take(outcome);
        }
    }

    private static bool IsNext(TrainingOutcome outcome, TrainingOutcome? before) => outcome.Round > (before?.Round ?? 0) && Equal(outcome.Previous, before?.Digest);

    private static bool Equal(ReadOnlyMemory<byte>? one, ReadOnlyMemory<byte>? other) => one.HasValue == other.HasValue && (one is not { } value || value.Span.SequenceEqual(other!.Value.Span));

    private void Take(TrainingOutcome outcome)
    {
        _took[outcome.Round] = [.. outcome.Verdicts.Select(static verdict => new WorkerKey(verdict.Worker.Span))];
        _last = outcome;
    }
}
