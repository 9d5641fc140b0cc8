using Verathos.Client;
using Verathos.Client.Trust;
using Verathos.Protocol.Evidence;
using Verathos.Validator.Audits;
using Verathos.Validator.State;

namespace Verathos.Validator.Nodes;

/// <summary>What accepted evidence must say of a listed node beside what the policy asks.</summary>
public static class EvidenceCheck
{
    /// <summary>The check of the identity that the list names.</summary>
    public const string Identity = "node.identity";

    /// <summary>Judges accepted evidence.</summary>
    /// <param name="node">The node as it is listed.</param>
    /// <param name="attested">Its evidence.</param>
    /// <returns>Passed, or caught: somebody else's evidence is a relay.</returns>
    public static WorkEnd Judge(NodeRow node, AttestedNode attested)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(attested);
        return node.Identity is { } identity && NodeIdentityText.From(attested.Evidence.Collection!.Identity) != identity
            ? AuditVerdict.Caught(Identity, "the evidence binds another identity than the list of nodes names, or none", null)
            : new WorkEnd(WorkResult.Passed);
    }

    /// <summary>What the validator keeps of accepted evidence.</summary>
    public static AttestedFacts Facts(AttestedNode attested)
    {
        ArgumentNullException.ThrowIfNull(attested);
        AppraisedEvidence evidence = attested.Evidence;
        return new AttestedFacts(evidence.Manifest!.Root, ProfileOf(attested, attested.ModelName), evidence.Keyset!.BootId.ToArray(), evidence.Keyset.Digest.ToArray());
    }

    /// <summary>The manifest root of a model of a node: its own where the node serves several.</summary>
    /// <param name="attested">The node.</param>
    /// <param name="model">The model's name; null for the only one.</param>
    public static byte[] RootOf(AttestedNode attested, string? model)
    {
        ArgumentNullException.ThrowIfNull(attested);
        ManifestSummary manifest = attested.Evidence.Manifest!;
        return manifest.Several.FirstOrDefault(entry => entry.Name == model) is { } named ? named.Root.ToArray() : manifest.Root;
    }

    private static string ProfileOf(AttestedNode attested, string model)
    {
        ManifestSummary manifest = attested.Evidence.Manifest!;
        return manifest.Several.FirstOrDefault(entry => entry.Name == model) is ModelEntry named ? named.NumericProfile : attested.Evidence.Configuration!.NumericProfile;
    }
}
