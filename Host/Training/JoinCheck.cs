using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Trust;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Keys;
using Verathos.Training;

namespace Verathos.Host.Training;

/// <summary>Whether evidence vouches for a worker's keyset in a run: what a client checks of a node, and that it is this worker's, in this run.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Anchors">Gives the roots that go with it; null where they cannot be read yet, as before a simulated installation was made.</param>
/// <param name="AllowSimulated">Whether simulated evidence is taken; the policy has to say so too.</param>
internal sealed record JoinCheck(Policy Policy, Func<TrustAnchors?> Anchors, bool AllowSimulated)
{
    /// <summary>Checks.</summary>
    /// <param name="run">The run.</param>
    /// <param name="modelRoot">Root of the model that the run starts from; null where it does not matter.</param>
    /// <param name="worker">Whose it must be.</param>
    /// <param name="evidence">The evidence.</param>
    /// <param name="at">The time of judgement.</param>
    /// <param name="source">Whose word that time is.</param>
    /// <param name="keyset">The keyset that it vouches for.</param>
    /// <param name="simulated">Whether it is simulated.</param>
    /// <param name="detail">What was found.</param>
    public JoinReply Check(
        RunFile run, ReadOnlyMemory<byte>? modelRoot, WorkerKey worker, MemberEvidence evidence, DateTimeOffset at, TimeSource source, out Keyset? keyset, out bool simulated, out string detail)
    {
        keyset = null;
        simulated = false;
        if (Anchors() is not { } anchors)
        {
            detail = "there are no trust anchors yet";
            return JoinReply.Evidence;
        }

        AppraisedEvidence appraised = EvidenceVerifier.Appraise(evidence.Raw, evidence.Nonce, evidence.RequestedAt, Policy, anchors, at, source);
        detail = "";
        simulated = appraised.Simulated;
        if (!appraised.Verdict.IsAccepted || !appraised.Verdict.Appraised)
        {
            detail = appraised.Verdict.Reason;
            return JoinReply.Evidence;
        }

        if (appraised.Simulated && !AllowSimulated)
        {
            return JoinReply.Simulated;
        }

        NodeIdentity? identity = appraised.Collection!.Identity;
        JoinReply reply = identity is null || !identity.Hotkey.Span.SequenceEqual(worker.Bytes) || !identity.GenesisHash.Span.SequenceEqual(run.Id.Span) || identity.NetUid != 0 ? JoinReply.Identity
            : modelRoot is { } expected && !appraised.Manifest!.Root.AsSpan().SequenceEqual(expected.Span) ? JoinReply.Model
            : appraised.Configuration!.NumericProfile != run.NumericProfile ? JoinReply.Profile
            : appraised.Keyset!.NotBefore > at || appraised.Keyset.NotAfter <= at ? JoinReply.Keyset
            : JoinReply.Joined;
        keyset = reply == JoinReply.Joined ? appraised.Keyset : null;
        return reply;
    }
}
