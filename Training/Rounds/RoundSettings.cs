using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Keys;

namespace Verathos.Training.Rounds;

/// <summary>What is fixed before a round opens.</summary>
public sealed record RoundSettings
{
    /// <summary>The round.</summary>
    public required ulong Round { get; init; }

    /// <summary>Root of the model from which all start, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> BaseModelRoot { get; init; }

    /// <summary>The public beacon's value, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Beacon { get; init; }

    /// <summary>The numeric profile of all records.</summary>
    public required string NumericProfile { get; init; }

    /// <summary>Who may contribute; at least one, each once.</summary>
    public required IReadOnlyList<RoundMember> Members { get; init; }

    /// <summary>Contributions without which a phase does not close at its deadline; 1 to the number of members.</summary>
    public required int Quorum { get; init; }

    /// <summary>From the opening to the commitments' deadline; above 0.</summary>
    public required TimeSpan CommitTime { get; init; }

    /// <summary>From the close of commitments to the reveals' deadline; above 0.</summary>
    public required TimeSpan RevealTime { get; init; }

    /// <summary>How long after its deadline a phase waits for a quorum before the round is given up; 0 or more.</summary>
    public required TimeSpan Patience { get; init; }

    /// <summary>A gradient with more bytes than this is not even hashed; at least 1.</summary>
    public required int MostGradientBytes { get; init; }

    /// <summary>
    /// Whose word ends the round, in the order in which it is asked for; each once. Empty where contributions alone make the result:
    /// the round is then closed as soon as they are settled.
    /// </summary>
    public IReadOnlyList<RoundValidator> Validators { get; init; } = [];

    /// <summary>
    /// How long only the first validator is heard once contributions are settled, and then each further one has before the next is heard too; after the
    /// last one's time and <see cref="Patience"/> the round is given up. Above 0 where there are validators.
    /// </summary>
    public TimeSpan OutcomeTime { get; init; }

    /// <summary>The training run, 32 bytes; zeros where there are no validators.</summary>
    public ReadOnlyMemory<byte> Run { get; init; } = new byte[32];

    /// <summary>Digest of the last outcome that counted, 32 bytes; null where there is none.</summary>
    public ReadOnlyMemory<byte>? LastOutcome { get; init; }

    /// <summary>SHA-256 over all of it in deterministic CBOR, members in the order of their keys: a journal of other settings is refused.</summary>
    public byte[] Digest()
    {
        RoundMember[] members = [.. Members.OrderBy(member => member.Worker)];
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(15).Text("verathos.round.v1").UInt64(Round).Bytes(BaseModelRoot.Span).Bytes(Beacon.Span)
            .Text(NumericProfile).UInt64((ulong)Quorum).Int64(CommitTime.Ticks).Int64(RevealTime.Ticks).Int64(Patience.Ticks).UInt64((ulong)MostGradientBytes).Array(members.Length);
        foreach (RoundMember member in members)
        {
            writer.Array(5).Bytes(member.Worker.Bytes).Bytes(member.Keyset.Digest.Span).UInt64(member.LastCounter);
            _ = member.LastDigest is { } digest ? writer.Bytes(digest.Span) : writer.Null();
            writer.Array(member.Earlier.Count);
            foreach (Keyset earlier in member.Earlier)
            {
                writer.Bytes(earlier.Digest.Span);
            }
        }

        writer.Bytes(Run.Span).Int64(OutcomeTime.Ticks);
        _ = LastOutcome is { } last ? writer.Bytes(last.Span) : writer.Null();
        writer.Array(Validators.Count);
        foreach (RoundValidator validator in Validators)
        {
            writer.Array(2).Bytes(validator.Name.Span).Bytes(validator.SealKey.Id.Span);
        }

        return SHA256.HashData(writer.ToArray());
    }

    /// <summary>Whether the settings make sense.</summary>
    internal bool IsPossible => !(BaseModelRoot.Length != 32 || Beacon.Length != 32 || Members.Count == 0 || Quorum < 1 || Quorum > Members.Count
            || CommitTime <= TimeSpan.Zero || RevealTime <= TimeSpan.Zero || Patience < TimeSpan.Zero || MostGradientBytes < 1
            || Members.Select(member => member.Worker).Distinct().Count() != Members.Count
            || Members.Any(member => (member.LastCounter == 0) == member.LastDigest.HasValue || member.LastDigest is { Length: not 32 } || member.Earlier.Count > RoundMember.MostEarlier)
            || Run.Length != 32 || LastOutcome is { Length: not 32 } || OutcomeTime < TimeSpan.Zero || Validators.Count > 0 && OutcomeTime == TimeSpan.Zero
            || Validators.Select(validator => Convert.ToHexString(validator.Name.Span)).Distinct().Count() != Validators.Count
            || Validators.Select(validator => Convert.ToHexString(validator.SealKey.Id.Span)).Distinct().Count() != Validators.Count);

    internal void Validate()
    {
        if (!IsPossible)
        {
            throw new ArgumentException("the settings of the round make no sense");
        }
    }
}
