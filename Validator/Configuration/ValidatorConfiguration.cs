using System.Text.Json;
using Verathos.Validator.Canaries;
using Verathos.Validator.Scores;

namespace Verathos.Validator.Configuration;

/// <summary>A validator's settings. Every member is required in the file, and unknown or repeated ones are refused; paths lie under the validator's folder unless they are absolute.</summary>
public sealed record ValidatorConfiguration
{
    /// <summary>1.</summary>
    public required int Version { get; init; }

    /// <summary>The list of nodes.</summary>
    public required string Nodes { get; init; }

    /// <summary>The policy that rules on evidence.</summary>
    public required string Policy { get; init; }

    /// <summary>The folder of a simulated installation's roots; null for the vendors' roots.</summary>
    public required string? TrustAnchors { get; init; }

    /// <summary>Whether simulated evidence may be used. It proves nothing.</summary>
    public required bool AllowSimulated { get; init; }

    /// <summary>The measured limits.</summary>
    public required string Limits { get; init; }

    /// <summary>The likelihood tables.</summary>
    public required string Likelihoods { get; init; }

    /// <summary>Models whose weights this validator has: for fresh keys each epoch, and for deep audits. May be empty.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Seconds from one epoch's beginning to the next one's.</summary>
    public required int EpochSeconds { get; init; }

    /// <summary>Challenges of each node's evidence in an epoch.</summary>
    public required int ChallengesPerNode { get; init; }

    /// <summary>Canaries of each node in an epoch; a few more where a conversation is finished.</summary>
    public required int CanariesPerNode { get; init; }

    /// <summary>Openings are asked for within so many seconds after an answer; at most what nodes keep them for.</summary>
    public required int AuditWindowSeconds { get; init; }

    /// <summary>Openings of an audited receipt: each is one layer and one row of logits.</summary>
    public required int OpeningsPerAudit { get; init; }

    /// <summary>The share of audits that go deep, with the model, in millionths; 0 without models.</summary>
    public required int DeepPpm { get; init; }

    /// <summary>Epochs for which everything is audited of a new node, or after a change.</summary>
    public required int FreshEpochs { get; init; }

    /// <summary>The budget of lost openings.</summary>
    public required LostOpeningConfiguration LostOpenings { get; init; }

    /// <summary>What the share of audited receipts follows from.</summary>
    public required AuditEconomicsConfiguration Economics { get; init; }

    /// <summary>When evidence bans.</summary>
    public required BanConfiguration Ban { get; init; }

    /// <summary>Where canaries come from, and how long they may be.</summary>
    public required CanaryRules Canaries { get; init; }

    /// <summary>What scores follow from.</summary>
    public required ScoringRules Scoring { get; init; }

    /// <summary>Requests under way at once.</summary>
    public required int Parallel { get; init; }

    // Unknown, missing and repeated members are refused.
    private static readonly JsonSerializerOptions s_options = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>The settings as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, s_options);

    /// <summary>Reads settings.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="configuration">The settings; meaningless with errors.</param>
    /// <returns>Every error, not only the first; empty where there is none.</returns>
    public static IReadOnlyList<string> Parse(ReadOnlySpan<byte> json, out ValidatorConfiguration? configuration)
    {
        try
        {
            configuration = JsonSerializer.Deserialize<ValidatorConfiguration>(json, s_options);
        }
        catch (JsonException e)
        {
            configuration = null;
            return [e.Path is { Length: > 1 } path ? $"{path} is unknown, repeated or not of its type" : e.Message.Split(". Path", 2)[0]];
        }

        return configuration is null ? ["there are no settings"] : configuration.Errors();
    }

    /// <summary>Everything that is out of range.</summary>
    public IReadOnlyList<string> Errors()
    {
        List<string> errors = [];
        void Require(bool holds, string error)
        {
            if (!holds)
            {
                errors.Add(error);
            }
        }

        Require(Version == 1, "version must be 1");
        Require(EpochSeconds is >= 5 and <= 7 * 86_400, "epochSeconds must be from 5 to 604800");
        Require(ChallengesPerNode is >= 1 and <= 1000, "challengesPerNode must be from 1 to 1000");
        Require(CanariesPerNode is >= 1 and <= 10_000, "canariesPerNode must be from 1 to 10000");
        Require(AuditWindowSeconds is >= 2 and <= 86_400, "auditWindowSeconds must be from 2 to 86400");
        Require(OpeningsPerAudit is >= 1 and <= 32, "openingsPerAudit must be from 1 to 32");
        Require(DeepPpm is >= 0 and <= 1_000_000 && (DeepPpm == 0 || Models.Count > 0), "deepPpm must be from 0 to 1000000, and 0 where no models are named");
        Require(FreshEpochs is >= 1 and <= 10_000, "freshEpochs must be from 1 to 10000");
        Require(LostOpenings is { Count: >= 0 and <= 1000, Epochs: >= 1 and <= 100_000 }, "lostOpenings need a count from 0 to 1000 and epochs from 1 to 100000");
        Require(
            Economics is { Saving: >= 0, Loss: > 0, Detection: > 0 and <= 1, Epochs: >= 1, DriftMicro: >= 1 } && double.IsFinite(Economics.Saving) && double.IsFinite(Economics.Loss),
            "economics need saving >= 0, loss > 0, detection in (0, 1], epochs >= 1 and driftMicro >= 1");
        Require(Ban.ChecksPerYear >= 1 && Ban.OneIn >= 1, "ban.checksPerYear and ban.oneIn must be at least 1");
        Require(Ban.SingleValidator ? Ban.Quorum == 1 : Ban.Quorum >= 3, "ban.quorum must be at least 3, or 1 with singleValidator");
        Require(Ban.Trusted.All(static key => key.Length == 128 && key.All(char.IsAsciiHexDigitLower)), "ban.trusted holds keys of 128 lower-case hexadecimal digits");
        Require(Ban.SingleValidator || Ban.Trusted.Distinct().Count() >= Ban.Quorum - 1, "ban.trusted names fewer validators than the quorum needs beside this one");
        Require(Parallel is >= 1 and <= 1024, "parallel must be from 1 to 1024");
        errors.AddRange(Canaries.Errors.Select(static error => $"canaries: {error}"));
        errors.AddRange(Scoring.Errors.Select(static error => $"scoring: {error}"));
        return errors;
    }
}
