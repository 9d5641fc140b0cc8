using System.Security.Cryptography;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Trust;
using Verathos.Host.Drills.Nodes;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Hpke;
using NonceProof = Verathos.Protocol.Evidence.NonceProof;

namespace Verathos.Host.Drills.Attacks;

/// <summary>Evidence that is genuine, and of another node, of another moment, or for other keys, weights or settings.</summary>
internal static class BindingDrills
{
    private const int ReportData = 568;

    public static IEnumerable<Drill> All()
    {
        yield return Relays(
            "quote-relayed", "The node shows the honest node's fresh quote with keys of its own.", Sources.Peers,
            (shown, victim) => shown.Own with { CpuEvidence = victim.CpuEvidence });
        yield return Relays(
            "cuckoo", "The node shows all of the honest node's evidence, with keys of its own and GPUs that sign for them.", Sources.Peers,
            (shown, victim) => victim with { Keyset = shown.Own.Keyset, Gpus = shown.Own.Gpus, GpuOcspResponses = shown.Own.GpuOcspResponses });
        yield return RogueDrills.Swaps(
            "key-beside-the-attestation", "The node's quote is genuine and binds other keys than those that stand beside it.", CheckNames.BindingReportData, Sources.Predecessor,
            BindOthers);
        yield return RogueDrills.Swaps(
            "nonce-forged-beside-the-report", "The client's nonce stands beside a quote for another, with a path that joins them.", CheckNames.BindingReportData, Sources.Predecessor,
            ForgeNonce);
        yield return RogueDrills.Swaps(
            "nonce-reused", "The quote was made for the nonce of an earlier client; the GPUs sign the new one.", CheckNames.BindingReportData, Sources.Peers,
            shown => shown.Own with { CpuEvidence = shown.Mint(RandomNumberGenerator.GetBytes(32), new NodePlan()).CpuEvidence });
        yield return RogueDrills.Swaps(
            "binding-in-half", "Only the first half of the quote's report data is the binding.", CheckNames.BindingReportData, Sources.Formats,
            shown => Requoted(shown, data => data.AsSpan(32).Clear()));
        yield return RogueDrills.Swaps(
            "binding-elsewhere", "The binding stands in the quote, sixteen bytes further on.", CheckNames.BindingReportData, Sources.Formats,
            shown => Requoted(shown, data => ((byte[])[.. new byte[16], .. data[..48]]).CopyTo(data, 0)));
        yield return RogueDrills.Shows(
            "weights-swapped-after-attestation", "The quote binds one model, and the manifest beside it names another.", CheckNames.BindingReportData, Sources.Peers,
            new NodePlan { BoundManifestRoot = SHA256.HashData("other weights"u8) });
        yield return RogueDrills.Plays(
            "model-not-listed", "The node binds and shows a model that the client did not ask for.", "policy.node.manifests", Sources.Peers,
            _ => new RoguePlan(),
            policy => DrillPolicies.Edit(policy, json => json["node"]!["manifests"] = new System.Text.Json.Nodes.JsonArray(new string('0', 64))));
        yield return RogueDrills.Swaps(
            "configuration-unmeasured", "The enclave runs with other settings than the configuration beside the quote says.", CheckNames.BindingReportData, Sources.Peers,
            shown => Unbound(shown, evidence => evidence with { Configuration = new NodePlan().Configuration.Encode() }, new NodePlan { Configuration = new NodePlan().Configuration with { Engine = "patched" } }));
        yield return RogueDrills.Shows(
            "host-unmeasured", "The keys live in the host's own process, which nothing measures.", "policy.node.topologies", Sources.Peers,
            new NodePlan { Configuration = new NodePlan().Configuration with { Topology = NodeConfiguration.InProcess } },
            policy => DrillPolicies.Edit(policy, json => json["node"]!["topologies"] = new System.Text.Json.Nodes.JsonArray("split")));
        yield return RogueDrills.Plays(
            "simulation-denied", "A simulated node's measured configuration says that it is real.", CheckNames.ConfigurationFormat, Sources.Peers,
            _ => new RoguePlan
            {
                Evidence = new NodePlan { Configuration = new NodePlan().Configuration with { Simulated = false } },
                Acceptance = acceptance => acceptance with { Simulated = true },
                Receipt = (receipt, _) => receipt with { Simulated = true },
            });
        yield return RogueDrills.Plays(
            "keyset-ended", "The keyset's time is over, and the node's clock stands still.", CheckNames.KeysetValidity, Sources.Peers,
            _ => new RoguePlan { Evidence = new NodePlan { KeysetLifetime = TimeSpan.FromSeconds(2) }, Behind = TimeSpan.FromSeconds(59) });
        yield return RogueDrills.Shows(
            "keyset-outlives-the-policy", "The keyset would live for a day.", "policy.node.maxKeysetLifetimeSeconds", Sources.Peers, new NodePlan { KeysetLifetime = TimeSpan.FromDays(1) });
        yield return RogueDrills.Shows(
            "key-exchange-downgraded", "The keyset offers no key that withstands a quantum computer.", "policy.node.kems", Sources.Peers, new NodePlan { Kems = [HpkeKem.X25519] });
        yield return RogueDrills.Plays(
            "evidence-trailing-bytes", "Bytes follow the evidence.", EvidenceVerifier.FormatCheck, Sources.Peers, _ => new RoguePlan { Encoded = encoded => [.. encoded, 0] });
        yield return RogueDrills.Plays(
            "evidence-duplicate-key", "A member of the evidence is there twice, the attacker's last.", EvidenceVerifier.FormatCheck, Sources.Peers, _ => new RoguePlan { Encoded = Duplicate });
        yield return RogueDrills.Plays(
            "evidence-oversize", "The evidence has more bytes than are ever read.", "client.evidence-malformed", Sources.Peers,
            _ => new RoguePlan { Encoded = encoded => [.. encoded, .. new byte[EvidenceCollection.MaxLength]] }) with
        {
            Layers = [EvidenceVerifier.FormatCheck],
        };
        yield return new Drill(
            "production-policy-meets-the-simulator", "A client with a production policy is given the roots of a simulated installation.", CheckNames.PolicyTrustAnchor, Sources.Peers, DrillNeeds.Hardware,
            async (ground, token) => await ground.Client.AskAsync(
                ground.Call((await ground.RogueAsync(new RoguePlan(), token).ConfigureAwait(false)).Address) with { Policy = DrillPolicies.WithAnchors(ground.Policy, "intel", "nvidia") },
                token).ConfigureAwait(false));
        yield return new Drill(
            "simulation-taken-silently", "A client that never allowed simulated evidence gets some that its policy accepts.", "client.simulated-not-allowed", Sources.Peers, DrillNeeds.Wire,
            (ground, token) => ground.Client.AskAsync(ground.Call(ground.Node) with { AllowSimulated = false }, token));
    }

    private static Drill Relays(string name, string attack, string source, Func<RogueShow, EvidenceCollection, EvidenceCollection> show) =>
        RogueDrills.Plays(name, attack, CheckNames.BindingReportData, source, ground => new RoguePlan
        {
            // Its statements repeat what the honest node's evidence says of the engine.
            Evidence = new NodePlan { Configuration = ground.Material.Answer.Node.Evidence.Configuration! },
            Show = async shown => show(shown, await shown.Victim(shown.Nonce).ConfigureAwait(false)),
        });

    // Evidence of another plan for the same nonce and keys.
    private static EvidenceCollection Unbound(RogueShow shown, Func<EvidenceCollection, EvidenceCollection> change, NodePlan plan) =>
        change(EvidenceMint.Collect(shown.Mint(shown.Nonce, plan), shown.Own.Manifest));

    private static EvidenceCollection BindOthers(RogueShow shown)
    {
        using RogueKeys others = new(TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1), [HpkeKem.XWing]);
        byte[] root = ManifestSummary.TryParse(shown.Own.Manifest, out ManifestSummary? manifest) ? manifest.Root : throw new InvalidOperationException("the manifest does not parse");
        return shown.Own with
        {
            CpuEvidence = EvidenceMint.Mint(shown.Hardware, TimeProvider.System.GetUtcNow(), shown.Nonce, new NodePlan(), others.Keyset.Encoded.ToArray(), root).CpuEvidence,
        };
    }

    private static EvidenceCollection Requoted(RogueShow shown, Action<byte[]> edit)
    {
        byte[] data = shown.Own.CpuEvidence.Span.Slice(ReportData, 64).ToArray();
        edit(data);
        return shown.Own with { CpuEvidence = shown.Hardware.Tdx.Mint(RogueDrills.Quote with { ReportData = data }) };
    }

    // The path is the attacker's to choose; the root that it leads to is not. The GPUs sign what that root asks for.
    private static EvidenceCollection ForgeNonce(RogueShow shown)
    {
        byte[] earlier = RandomNumberGenerator.GetBytes(32);
        NonceProof forged = new(1, 2, [SHA256.HashData([0, .. earlier])]);
        new Attestation.Binding.NonceProof(1, 2, forged.Path).TryComputeRoot(shown.Nonce, out byte[] root);
        byte[] asked = GpuNonce.Derive(root, shown.Keys.Keyset.Digest.Span);
        return EvidenceMint.Collect(shown.Mint(earlier, new NodePlan { GpuEdit = gpu => gpu with { Nonce = asked } }), shown.Own.Manifest) with { NonceProof = forged };
    }

    // The last of the two would win in a reader that keeps what it read last.
    private static byte[] Duplicate(byte[] encoded)
    {
        DeterministicCborReader reader = new(encoded);
        if (!reader.TryReadMap(out int members))
        {
            throw new InvalidOperationException("the evidence is no map");
        }

        // A map of fewer than 24 members has its head in one byte.
        List<byte> twice = [(byte)(0xA0 + members + 1)];
        byte[] first = [];
        for (int i = 0; i < members; i++)
        {
            reader.TryReadEncoded(out ReadOnlySpan<byte> key);
            byte[] label = key.ToArray();
            reader.TryReadEncoded(out ReadOnlySpan<byte> value);
            byte[] member = [.. label, .. value];
            first = first.Length == 0 ? member : first;
            twice.AddRange(member);
        }

        return [.. twice, .. first];
    }
}
