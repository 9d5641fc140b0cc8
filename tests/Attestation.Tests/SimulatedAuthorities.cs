using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator;
using Verathos.Simulator.Cases;

namespace Verathos.Attestation.Tests;

/// <summary>Two installations with keys of their own, made once for all tests.</summary>
public sealed class SimulatedAuthorities : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-tests-").FullName;

    public SimulatedAuthorities()
    {
        Trusted = Installation.OpenOrCreate(Path.Combine(_folder, "trusted"));
        Foreign = Installation.OpenOrCreate(Path.Combine(_folder, "foreign"));
        Anchors = Load(Trusted);
        ForeignAnchors = Load(Foreign);
    }

    public Installation Trusted { get; }

    public Installation Foreign { get; }

    public TrustAnchors Anchors { get; }

    public TrustAnchors ForeignAnchors { get; }

    public static Policy Simulated { get; } = Policy.BuiltIn("simulated");

    public static DateTimeOffset Now { get; } = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());

    public NodeEvidence Mint(Func<SimulatedNodeSpec, SimulatedNodeSpec>? change = null)
    {
        SimulatedNodeSpec spec = new() { At = Now };
        return SimulatedNode.Mint(Trusted, Foreign, change is null ? spec : change(spec));
    }

    /// <summary>Good answers about the certificates of one of the trusted installation's devices.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Answers(ReadOnlyMemory<byte> chain) =>
        [.. Trusted.Ocsp.Answer(chain.Span).Select(answer => (ReadOnlyMemory<byte>)answer)];

    public Verdict Appraise(NodeEvidence evidence, Policy? policy) => Appraiser.Appraise(evidence, policy, Anchors, Now, TimeSource.Verifier);

    public void Dispose()
    {
        Trusted.Dispose();
        Foreign.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static TrustAnchors Load(Installation installation) =>
        TrustAnchors.TryLoadSimulated(installation.Roots.Folder, out TrustAnchors? anchors, out string? error)
            ? anchors!
            : throw new InvalidOperationException(error);
}
