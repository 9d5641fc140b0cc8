using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <content>What is read of a run: reveals, settings, models and outcomes.</content>
internal sealed partial class Coordinator
{
    /// <summary>What was revealed in the round that is under way, for a validator who signed the request; null before reveals are closed, or for others.</summary>
    public IReadOnlyList<(RoundContribution Contribution, MemberEvidence? Evidence, string Address)>? Reveals(ulong number, ReadOnlyMemory<byte> request)
    {
        lock (_gate)
        {
            return _round is { Phase: RoundPhase.Judging, Result: { } result } && result.Round == number
                && Run.RoundValidators.Any(validator => RequestCheck.Speaks(validator.SigningKey, request.Span, Run.Id, "reveals", number, []))
                ? [.. result.Contributions.Select(one => (one, _store.Evidence(one.Keyset.Digest), _roster.TryGetValue(one.Worker, out RosterEntry? entry) ? entry.Address : ""))]
                : null;
        }
    }

    /// <summary>A round's settings, encoded; null where it was not begun.</summary>
    /// <param name="number">0 for the latest.</param>
    public byte[]? Settings(ulong number)
    {
        lock (_gate)
        {
            number = number == 0 ? _latest : number;
            return number == 0 || !_store.HasRound(number) ? null : RoundSettingsEncoding.Encode(number == _latest && _round is { } round ? round.Settings : _store.Begun(number).Settings);
        }
    }

    /// <summary>The model that a round starts from, binary32, little-endian; null where it is not kept.</summary>
    public byte[]? Model(ulong number)
    {
        lock (_gate)
        {
            return _store.ModelBytes(number);
        }
    }

    /// <summary>The outcome that ended a round; null where it has none.</summary>
    public (ReadOnlyMemory<byte> Statement, ReadOnlyMemory<byte> Aggregate)? Outcome(ulong number)
    {
        lock (_gate)
        {
            return number == _outcomeRound && _outcome is { } latest ? (latest.Message, latest.Aggregate)
                : number == 0 || number >= _latest + (_isOver ? 1UL : 0UL) || !_store.HasRound(number) ? null
                : _store.EventsOf(number).OfType<RoundEvent.Judged>().FirstOrDefault() is { } judged ? (judged.Statement, judged.Aggregate) : null;
        }
    }
}
