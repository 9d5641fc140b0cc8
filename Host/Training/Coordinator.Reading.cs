using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <content>What is read of a run: reveals, settings, models and outcomes.</content>
internal sealed partial class Coordinator
{
    /// <summary>What was revealed in the round that is under way, for a validator who signed the request; null before reveals are closed, or for others.</summary>
    public IReadOnlyList<RelayedReveal>? Reveals(ulong number, ReadOnlyMemory<byte> request)
    {
        lock (_gate)
        {
            return _round is { Phase: RoundPhase.Judging, Result: { } result } && result.Round == number
                && Run.RoundValidators.Any(validator => RequestCheck.Speaks(validator.SigningKey, request.Span, Run.Id, "reveals", number, []))
                ? [.. result.Contributions.Select(one => new RelayedReveal(
                    one, [.. one.Links.Select(link => Find(_round.Settings, one.Worker, link)).OfType<KeptRecord>()], _roster.TryGetValue(one.Worker, out RosterEntry? entry) ? entry.Address : ""))]
                : null;
        }
    }

    /// <summary>A worker's records after a number, as far as rounds that are over took them, for a validator who signed the request; null for others.</summary>
    public IReadOnlyList<KeptRecord>? Records(WorkerKey worker, ulong after, ReadOnlyMemory<byte> request)
    {
        lock (_gate)
        {
            return Run.RoundValidators.Any(validator => RequestCheck.Speaks(validator.SigningKey, request.Span, Run.Id, "records", 0, RequestBodies.Records(worker, after)))
                ? [.. _store.Book.After(worker, after)]
                : null;
        }
    }

    /// <summary>The evidence with which a keyset came; null where there is none.</summary>
    public MemberEvidence? Evidence(ReadOnlyMemory<byte> keysetDigest) => _store.Book.Evidence(keysetDigest);

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

    // A record says under which keyset it is signed, and only the signature says that it does.
    private KeptRecord? Find(RoundSettings settings, WorkerKey worker, ReadOnlyMemory<byte> message)
    {
        IEnumerable<Keyset> known = _roster.TryGetValue(worker, out RosterEntry? entry) ? entry.Keysets : [];
        foreach (Keyset keyset in settings.Members.Where(member => member.Worker == worker).SelectMany(static member => member.Earlier.Append(member.Keyset)).Concat(known).Reverse())
        {
            SignedRecord signed = new(message, keyset);
            if (RecordChain.Read(signed, out TrainingRecord? record) == RecordChainError.None)
            {
                return new KeptRecord(signed, record!);
            }
        }

        return null;
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
