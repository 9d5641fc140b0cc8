using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Trust;
using Verathos.Enclave;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;

namespace Verathos.Host.Node;

/// <summary>Judges the node's own evidence as a client would, so that an operator learns at the start what clients would refuse.</summary>
internal sealed class OwnEvidence
{
    private readonly Policy _policy;
    private readonly string _path;
    private readonly string? _authorities;

    private OwnEvidence(Policy policy, string path, string? authorities) => (_policy, _path, _authorities) = (policy, path, authorities);

    /// <summary>Reads the configuration's policy; null where it names none.</summary>
    /// <exception cref="CommandException">The policy has mistakes, or rules out the platform before anything is started.</exception>
    public static OwnEvidence? Open(NodeConfiguration configuration)
    {
        if (configuration.Policy is not { } path)
        {
            return null;
        }

        if (!Policy.TryParse(File.ReadAllBytes(path), out Policy? policy, out IReadOnlyList<string> errors))
        {
            throw new CommandException(ExitCode.Usage, $"{path} is not a policy: {string.Join("; ", errors)}");
        }

        OwnEvidence own = new(policy!, path, configuration.SimulatedAuthorities);
        if (configuration.Tee is { } tee)
        {
            own.RequireAnchor(tee == "simulated");
        }

        return own;
    }

    /// <summary>Asks the enclave for evidence and judges it.</summary>
    /// <exception cref="CommandException">The policy rejects it; the message names the check.</exception>
    public async Task RequireAcceptedAsync(IEnclave enclave, TimeProvider time, CancellationToken cancellationToken)
    {
        EnclaveStatus status = await enclave.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        RequireAnchor(status.Simulated);
        byte[] nonce = RandomNumberGenerator.GetBytes(32);
        DateTimeOffset requestedAt = time.GetUtcNow();
        byte[] evidence = await enclave.GetEvidenceAsync(nonce, cancellationToken).ConfigureAwait(false);
        Verdict verdict = EvidenceVerifier.Appraise(evidence, nonce, requestedAt, _policy, Anchors(status.Simulated), time.GetUtcNow(), TimeSource.Verifier).Verdict;
        if (!verdict.IsAccepted)
        {
            throw new CommandException(
                ExitCode.Rejected,
                $"clients with the policy {_path} would refuse this node: {verdict.Reason} ({verdict.Find(verdict.Reason)?.Detail}); serve what the policy asks for, or leave --policy out");
        }
    }

    private void RequireAnchor(bool simulated)
    {
        if (simulated != _policy.Simulated)
        {
            throw new CommandException(ExitCode.Rejected, simulated
                ? $"{_path} is a production policy, and this node's evidence is simulated; no client with it would accept the node. Use a TEE, or a policy with \"trustAnchors\": [\"simulated\"]"
                : $"{_path} accepts simulated evidence only, and this node's evidence is hardware's. Use a production policy such as policies/tdx-h100.json");
        }
    }

    private TrustAnchors Anchors(bool simulated)
    {
        if (!simulated)
        {
            return TrustAnchors.Production;
        }

        return TrustAnchors.TryLoadSimulated(_authorities ?? SimulatedFolder.Default, out TrustAnchors? anchors, out string? error)
            ? anchors!
            : throw new CommandException($"the simulated trust anchors cannot be read: {error}");
    }
}
