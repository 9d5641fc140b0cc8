using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Verathos.Attestation;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Host.Drills.Nodes;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>A node on simulated hardware of its own, and a verifier of its evidence.</summary>
public sealed class DrillNode : IDisposable
{
    public DrillNode()
    {
        Folder = Directory.CreateTempSubdirectory("verathos-drill-").FullName;
        Installation = Installation.OpenOrCreate(Folder, Time);
        Assert.True(TrustAnchors.TryLoadSimulated(Folder, out TrustAnchors? anchors, out string? error), error);
        Anchors = anchors!;
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public string Folder { get; }

    public Installation Installation { get; }

    /// <summary>Trust in this installation's roots.</summary>
    public TrustAnchors Anchors { get; }

    /// <summary>The root of the model that the node says it serves, 32 bytes.</summary>
    internal static byte[] ManifestRoot { get; } = DrillPolicy.Production.Node.Manifests is { IsWaived: false } manifests
        ? manifests.Value[0].ToArray()
        : SHA256.HashData("model"u8);

    /// <summary>A nonce that a client has just made.</summary>
    public static byte[] FreshNonce() => RandomNumberGenerator.GetBytes(32);

    /// <summary>The evidence of a node that follows <paramref name="plan"/>, for one nonce.</summary>
    internal NodeEvidence Show(byte[] nonce, NodePlan? plan = null, NonceBatch? batch = null, int index = 0)
    {
        plan ??= new NodePlan();
        using RogueKeys keys = new(Time.GetUtcNow(), plan.KeysetLifetime, plan.Kems);
        return EvidenceMint.Mint(Installation, Time.GetUtcNow(), nonce, plan, keys.Keyset.Encoded.ToArray(), ManifestRoot, batch, index);
    }

    /// <summary>The verdict of a client that trusts this installation, now.</summary>
    internal Verdict Appraise(NodeEvidence evidence, Policy? policy = null, TimeSource source = TimeSource.Verifier) =>
        Appraiser.Appraise(evidence, policy ?? DrillPolicy.Production, Anchors, Time.GetUtcNow(), source);

    /// <summary>
    /// Asserts that exactly the checks named fail, in this order; the first is the verdict's reason. Everything else holds, so
    /// it is these checks that stop the attack and nothing by accident.
    /// </summary>
    internal static void Refused(Verdict verdict, params string[] checks)
    {
        Assert.False(verdict.IsAccepted, "the attack was accepted");
        Assert.Equal(
            string.Join('\n', checks),
            string.Join('\n', verdict.Checks.Where(check => check.Result is CheckResult.Failed).Select(check => check.Name)));
        Assert.Equal(checks[0], verdict.Reason);
        Assert.Null(verdict.TrustedUntil);
    }

    /// <summary>
    /// Asserts that the check is the verdict's reason, for what <paramref name="detail"/> says. Checks that rest on it may fail too.
    /// </summary>
    internal static void RefusedFor(Verdict verdict, string check, string detail)
    {
        Assert.Equal((VerdictKind.Rejected, check), (verdict.Kind, verdict.Reason));
        Assert.Contains(detail, verdict.Find(check)?.Detail ?? "", StringComparison.Ordinal);
        Assert.Null(verdict.TrustedUntil);
    }

    /// <summary>Asserts that nothing is wrong.</summary>
    internal static void Accepted(Verdict verdict) =>
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}");

    internal static Attestation.GpuEvidence Wrap(MintedGpuEvidence gpu) => EvidenceMint.Wrap(gpu);

    public void Dispose()
    {
        Installation.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
