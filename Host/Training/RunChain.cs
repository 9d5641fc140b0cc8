using System.Security.Cryptography;
using Verathos.GpuRuntime.Training;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>
/// The model of a run as a member follows it: round by round from the outcomes that the run's validators signed, and where the member was away, the model that the
/// last outcome names. The coordinator's word is taken for nothing.
/// </summary>
internal sealed class RunChain(RunFile run, GradientLayout layout, float[] first)
{
    private readonly float[] _first = first;
    private readonly byte[] _firstRoot = TrainingRoots.OfModel(layout, first);
    private float[] _weights = first;
    private byte[] _root = TrainingRoots.OfModel(layout, first);
    private TrainingOutcome? _last;

    /// <summary>Root of the model that the run starts from.</summary>
    public ReadOnlyMemory<byte> FirstRoot => _firstRoot;

    /// <summary>Reads an outcome that one of the run's validators signed.</summary>
    public TrainingOutcome? Read(ReadOnlySpan<byte> statement)
    {
        foreach (RoundValidator validator in run.RoundValidators)
        {
            using ECDsa key = validator.SigningKey.ToECDsa();
            if (TrainingOutcome.TryParse(statement, key, out TrainingOutcome? outcome, out _))
            {
                return outcome.Run.Span.SequenceEqual(run.Id.Span) && outcome.Validator.Span.SequenceEqual(validator.Name.Span) ? outcome : null;
            }
        }

        return null;
    }

    /// <summary>Checks a round's settings against the run and the outcomes so far, and gives the weights that it starts from.</summary>
    /// <param name="client">The coordinator.</param>
    /// <param name="settings">As the coordinator gives them.</param>
    /// <param name="outcomeRound">The round of the last outcome that counted, as the coordinator says.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TrainingException">The coordinator says something that the run's validators did not sign.</exception>
    public async Task<float[]> BaseAsync(CoordinatorClient client, RoundSettings settings, ulong outcomeRound, CancellationToken cancellationToken)
    {
        if (!settings.Run.Span.SequenceEqual(run.Id.Span) || !settings.Beacon.Span.SequenceEqual(run.BeaconOf(settings.Round)) || settings.NumericProfile != run.NumericProfile)
        {
            throw new TrainingException($"The coordinator's settings of round {settings.Round} are not those of the run's file.");
        }

        if (settings.LastOutcome is not { } last)
        {
            _ = settings.BaseModelRoot.Span.SequenceEqual(_firstRoot) ? 0 : throw new TrainingException($"Round {settings.Round} starts from a model that no validator of the run signed.");
            return _weights = _root.AsSpan().SequenceEqual(_firstRoot) ? _weights : _first;
        }

        if (_last is null || !_last.Digest.Span.SequenceEqual(last.Span))
        {
            await FollowAsync(client, settings, outcomeRound, last, cancellationToken).ConfigureAwait(false);
        }

        if (!_last!.NextModelRoot.Span.SequenceEqual(settings.BaseModelRoot.Span))
        {
            throw new TrainingException($"Round {settings.Round} starts from another model than the one that the outcome of round {_last.Round} names.");
        }

        if (!_root.AsSpan().SequenceEqual(settings.BaseModelRoot.Span))
        {
            float[] fetched = await client.GetModelAsync(settings.Round, layout.Count, cancellationToken).ConfigureAwait(false);
            byte[] root = fetched.Length == layout.Count ? TrainingRoots.OfModel(layout, fetched) : [];
            (_weights, _root) = root.AsSpan().SequenceEqual(settings.BaseModelRoot.Span)
                ? (fetched, root)
                : throw new TrainingException($"The model that the coordinator gives for round {settings.Round} is not the one that the outcome of round {_last.Round} names.");
        }

        return _weights;
    }

    private async Task FollowAsync(CoordinatorClient client, RoundSettings settings, ulong outcomeRound, ReadOnlyMemory<byte> last, CancellationToken cancellationToken)
    {
        (byte[] statement, byte[] aggregate) = await client.GetOutcomeAsync(outcomeRound, cancellationToken).ConfigureAwait(false)
            ?? throw new TrainingException($"The coordinator does not show the outcome of round {outcomeRound}, which round {settings.Round} follows.");
        TrainingOutcome? outcome = Read(statement);
        if (outcome is null || outcome.Round != outcomeRound || outcome.Round >= settings.Round || !outcome.Digest.Span.SequenceEqual(last.Span) || outcome.Round <= (_last?.Round ?? 0))
        {
            throw new TrainingException($"The outcome of round {outcomeRound} is not one that the run's validators signed and round {settings.Round} follows.");
        }

        // Applied here where the model before is at hand; fetched whole otherwise.
        if (_root.AsSpan().SequenceEqual(outcome.BaseModelRoot.Span) && SparseAggregate.Root(aggregate).AsSpan().SequenceEqual(outcome.AggregateRoot.Span)
            && SparseAggregate.TryParse(aggregate, layout.Count, out SparseVector? vector))
        {
            float[] next = OuterStep.Apply(_weights, vector, run.Rounds.OuterRate);
            byte[] root = TrainingRoots.OfModel(layout, next);
            (_weights, _root) = root.AsSpan().SequenceEqual(outcome.NextModelRoot.Span)
                ? (next, root)
                : throw new TrainingException($"The outcome of round {outcome.Round} names another model than the one that its aggregate leads to.");
        }

        _last = outcome;
    }
}
