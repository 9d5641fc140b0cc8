using Verathos.Validator.Canaries;
using Verathos.Validator.Scores;

namespace Verathos.Validator.Configuration;

/// <summary>The settings that a new folder begins with. All of them stand in its file.</summary>
public static class ValidatorDefaults
{
    /// <summary>Settings for an epoch of an hour.</summary>
    /// <param name="nodes">The list of nodes.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="trustAnchors">The folder of simulated roots, or null.</param>
    /// <param name="models">Models whose weights are here.</param>
    /// <param name="maxContext">The models' context, which canaries must fit.</param>
    public static ValidatorConfiguration Of(string nodes, string policy, string? trustAnchors, IReadOnlyList<string> models, int maxContext)
    {
        ArgumentNullException.ThrowIfNull(models);
        return new ValidatorConfiguration
        {
            Version = 1,
            Nodes = nodes,
            Policy = policy,
            TrustAnchors = trustAnchors,
            AllowSimulated = trustAnchors is not null,
            Limits = "limits.json",
            Likelihoods = "likelihoods.json",
            Models = models,
            EpochSeconds = 3600,
            ChallengesPerNode = 4,
            CanariesPerNode = 13,

            // Within the ten minutes that nodes keep what openings need.
            AuditWindowSeconds = 540,
            OpeningsPerAudit = 1,
            DeepPpm = models.Count > 0 ? 100_000 : 0,
            FreshEpochs = 2,
            LostOpenings = new LostOpeningConfiguration(2, 24),
            Economics = new AuditEconomicsConfiguration(Saving: 1, Loss: 1000, Detection: 0.5, Epochs: 24, DriftMicro: 500_000),
            Ban = new BanConfiguration(ChecksPerYear: 1_000_000, OneIn: 1_000_000, SingleValidator: true, Quorum: 1, Trusted: []),
            Canaries = CanaryRules.For(maxContext),
            Scoring = ScoringRules.Default,
            Parallel = 8,
        };
    }
}
