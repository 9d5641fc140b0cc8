using System.Security.Cryptography;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;

namespace Verathos.Client.Trust;

/// <summary>
/// A node whose evidence was accepted, with the keys that the evidence binds. Immutable; it stops being trusted at
/// <see cref="TrustedUntil"/> by the wall clock, or after as much time has passed by the monotonic one, whichever is first.
/// </summary>
public sealed class AttestedNode
{
    private readonly TimeProvider _clock;
    private readonly long _attested;
    private readonly TimeSpan _life;

    internal AttestedNode(Uri node, AppraisedEvidence evidence, Policy? policy, OhttpKeyConfig key, DateTimeOffset trustedUntil, ClientOptions options)
    {
        TimeProvider clock = options.TimeProvider;
        ModelName = options.DefaultModel ?? evidence.Manifest!.Name;
        Node = node;
        Evidence = evidence;
        Policy = policy;
        Key = key;
        TrustedUntil = trustedUntil;
        Statement = SignedStatement.From(evidence);
        _clock = clock;
        _attested = clock.GetTimestamp();
        _life = trustedUntil - clock.GetUtcNow();
    }

    /// <summary>The node's address.</summary>
    public Uri Node { get; }

    /// <summary>The evidence that was accepted.</summary>
    public AppraisedEvidence Evidence { get; }

    /// <summary>The verdict over the evidence.</summary>
    public Verdict Verdict => Evidence.Verdict;

    /// <summary>The policy that accepted it.</summary>
    public Policy? Policy { get; }

    /// <summary>The end of trust: the earlier of the keyset's end and the policy's maximum evidence age.</summary>
    public DateTimeOffset TrustedUntil { get; }

    /// <summary>The name of the model that answers requests that name none: the options' default, or the node's only one or its first.</summary>
    public string ModelName { get; }

    /// <summary>The names of all models.</summary>
    public IReadOnlyList<string> Models => Evidence.Manifest!.Names;

    /// <summary>The KEM that requests are sealed with.</summary>
    public HpkeKem Kem => Key.Kem;

    /// <summary>Whether requests may still be sealed to this node on the strength of this evidence.</summary>
    public bool IsTrusted => _clock.GetUtcNow() < TrustedUntil && _clock.GetElapsedTime(_attested) < _life;

    internal OhttpKeyConfig Key { get; }

    /// <summary>What signed statements of this node are compared with.</summary>
    internal SignedStatement Statement { get; }
}
