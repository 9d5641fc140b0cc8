using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Validator.Audits;
using Verathos.Validator.State;

namespace Verathos.Validator.Epochs;

/// <summary>
/// An epoch's seed with every receipt that it ruled on, audited or skipped. Anybody can compute the choice again; of audits it says
/// nothing but whether the node passed the epoch.
/// </summary>
/// <param name="Version">1.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Commitment">What was printed when it began, 64 hexadecimal digits.</param>
/// <param name="Seed">The seed, 64 hexadecimal digits.</param>
/// <param name="Nodes">The nodes.</param>
public sealed record AuditReveal(int Version, long Epoch, string Commitment, string Seed, IReadOnlyList<RevealedNode> Nodes)
{
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Gathers an epoch whose work has ended.</summary>
    public static AuditReveal Of(ValidatorState state, long epoch)
    {
        ArgumentNullException.ThrowIfNull(state);
        EpochRow row = state.Epoch(epoch)!;
        byte[] seed = state.Seed(epoch);
        ILookup<long, CanaryRow> canaries = state.Canaries(epoch).ToLookup(static canary => canary.Node);
        ILookup<long, AuditRow> audits = state.Audits(epoch).ToLookup(static audit => audit.Node);
        ILookup<long, EventRow> events = state.Events(epoch).ToLookup(static happened => happened.Node);
        List<RevealedNode> nodes = [];
        foreach (NodeRow node in state.Nodes().Where(node => canaries.Contains(node.Id)))
        {
            Dictionary<string, byte[]> digests = canaries[node.Id].Where(static canary => canary.ReceiptDigest is not null).ToDictionary(static canary => Convert.ToHexString(canary.Id), static canary => canary.ReceiptDigest!);
            nodes.Add(new RevealedNode(
                node.Name,
                !events[node.Id].Any(static happened => happened.Kind is EventKind.Caught or EventKind.Banned),
                [.. audits[node.Id].Select(audit => new RevealedReceipt(
                    Convert.ToHexStringLower(digests[Convert.ToHexString(audit.Canary)]), audit.RatePpm, audit.RateReason, audit.Chosen, audit.State == WorkState.Ended))]));
        }

        return new AuditReveal(1, epoch, Convert.ToHexStringLower(row.Commitment), Convert.ToHexStringLower(seed), nodes);
    }

    /// <summary>The reveal as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_options);

    /// <summary>Computes a reveal's choices again.</summary>
    /// <param name="json">The file.</param>
    /// <param name="commitment">What the validator printed when the epoch began, 64 hexadecimal digits; null to believe the file's.</param>
    /// <returns>Everything that is wrong; empty where the choice was the committed seed's.</returns>
    public static IReadOnlyList<string> Verify(ReadOnlySpan<byte> json, string? commitment)
    {
        AuditReveal? reveal;
        try
        {
            reveal = JsonSerializer.Deserialize<AuditReveal>(json, s_options);
        }
        catch (JsonException)
        {
            return ["this is no reveal of an epoch's seed"];
        }

        if (reveal is not { Version: 1, Seed.Length: 2 * AuditSeed.Size, Commitment: not null, Nodes: not null } || !reveal.Seed.All(char.IsAsciiHexDigit))
        {
            return ["this is no reveal of an epoch's seed"];
        }

        List<string> errors = [];
        byte[] seed = Convert.FromHexString(reveal.Seed);
        string own = Convert.ToHexStringLower(AuditSeed.Commit(reveal.Epoch, seed));
        if (!string.Equals(own, commitment ?? reveal.Commitment, StringComparison.OrdinalIgnoreCase))
        {
            errors.Add("the seed is not the one that was committed to");
        }

        foreach (RevealedNode node in reveal.Nodes)
        {
            foreach (RevealedReceipt receipt in node.Receipts)
            {
                if (receipt.Digest.Length != 2 * SHA256.HashSizeInBytes || !receipt.Digest.All(char.IsAsciiHexDigit))
                {
                    errors.Add($"{node.Name}: a receipt's digest is none");
                    continue;
                }

                bool chosen = AuditSeed.Chooses(seed, Convert.FromHexString(receipt.Digest), receipt.RatePpm);

                // What tier 0 refused was not audited further, whatever the seed had chosen.
                if (receipt.RateReason != "refused" && chosen != receipt.Chosen)
                {
                    errors.Add($"{node.Name}: the receipt {receipt.Digest[..16]} was {(receipt.Chosen ? "audited" : "skipped")} against the seed");
                }
                else if (receipt.Chosen && !receipt.Audited)
                {
                    errors.Add($"{node.Name}: the receipt {receipt.Digest[..16]} was chosen and not audited");
                }
            }
        }

        return errors;
    }
}
