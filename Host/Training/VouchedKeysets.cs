using Verathos.Attestation.Verdicts;
using Verathos.Protocol.Keys;
using Verathos.Training;

namespace Verathos.Host.Training;

/// <summary>For which keysets of a run's workers evidence vouches, under a validator's own policy. Who was found right is not asked again: evidence says what it said.</summary>
internal sealed class VouchedKeysets(RunFile run, JoinCheck check, ReadOnlyMemory<byte> firstRoot, TimeProvider time)
{
    private readonly Dictionary<string, bool> _now = [];
    private readonly Dictionary<string, bool> _then = [];

    /// <summary>Whether evidence vouches for a keyset that signs now.</summary>
    public (JoinReply Reply, bool Simulated) Now(WorkerKey worker, Keyset keyset, MemberEvidence evidence) => Find(_now, worker, keyset, evidence, time.GetUtcNow());

    /// <summary>
    /// Whether evidence vouched for a keyset that signed a record of an earlier round and may have ended since. Its time is then that of the nonce, by the word of who relays it, or of the
    /// keyset's beginning where that is later: a clock ahead of another one is no fault.
    /// </summary>
    public (JoinReply Reply, bool Simulated) Then(WorkerKey worker, Keyset keyset, MemberEvidence evidence)
    {
        (JoinReply Reply, bool Simulated) now = Now(worker, keyset, evidence);
        if (now.Reply == JoinReply.Joined)
        {
            return now;
        }

        DateTimeOffset at = evidence.RequestedAt > keyset.NotBefore ? evidence.RequestedAt : keyset.NotBefore;
        return at > time.GetUtcNow() ? now : Find(_then, worker, keyset, evidence, at);
    }

    private (JoinReply Reply, bool Simulated) Find(Dictionary<string, bool> known, WorkerKey worker, Keyset keyset, MemberEvidence evidence, DateTimeOffset at)
    {
        string name = worker + Convert.ToHexString(keyset.Digest.Span);
        if (known.TryGetValue(name, out bool before))
        {
            return (JoinReply.Joined, before);
        }

        JoinReply reply = check.Check(run, firstRoot, worker, evidence, at, TimeSource.Verifier, out Keyset? vouched, out bool simulated, out _);
        reply = reply == JoinReply.Joined && !vouched!.Digest.Span.SequenceEqual(keyset.Digest.Span) ? JoinReply.Keyset : reply;
        if (reply == JoinReply.Joined)
        {
            known[name] = simulated;
        }

        return (reply, simulated);
    }
}
