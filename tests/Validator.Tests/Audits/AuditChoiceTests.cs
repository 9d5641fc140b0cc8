using System.Security.Cryptography;
using Verathos.Fingerprint.Statistics;
using Verathos.Validator.Audits;
using Verathos.Validator.Configuration;
using Verathos.Validator.Epochs;
using Verathos.Validator.State;

namespace Verathos.Validator.Tests.Audits;

public sealed class AuditChoiceTests
{
    private static readonly byte[] s_seed = [.. Enumerable.Range(0, 32).Select(static i => (byte)i)];
    private static readonly ValidatorConfiguration s_configuration = ValidatorDefaults.Of("nodes.json", "policy.json", null, [], 2048);

    [Fact]
    public void The_choice_is_the_seeds_and_nearly_the_share()
    {
        int chosen = Enumerable.Range(0, 20_000).Count(static i => AuditSeed.Chooses(s_seed, SHA256.HashData(BitConverter.GetBytes(i)), 200_000));

        // Six standard deviations of a share of a fifth.
        Assert.InRange(chosen, 3_660, 4_340);
        byte[] digest = SHA256.HashData([1]);
        Assert.True(AuditSeed.Chooses(s_seed, digest, AuditSeed.All));
        Assert.False(AuditSeed.Chooses(s_seed, digest, 0));
        Assert.NotEqual(
            Enumerable.Range(0, 64).Select(i => AuditSeed.Chooses(s_seed, SHA256.HashData([(byte)i]), 500_000)),
            Enumerable.Range(0, 64).Select(i => AuditSeed.Chooses(new byte[32], SHA256.HashData([(byte)i]), 500_000)));
    }

    [Fact]
    public void A_commitment_is_of_one_epoch_and_seed()
    {
        Assert.Equal(AuditSeed.Commit(1, s_seed), AuditSeed.Commit(1, s_seed));
        Assert.NotEqual(AuditSeed.Commit(1, s_seed), AuditSeed.Commit(2, s_seed));
        Assert.NotEqual(AuditSeed.Commit(1, s_seed), AuditSeed.Commit(1, new byte[32]));
    }

    [Fact]
    public void Everything_of_a_fresh_node_is_audited_and_of_others_what_the_economics_ask()
    {
        AuditRates rates = new(s_configuration, 13);
        Assert.Equal((AuditSeed.All, "fresh"), rates.Of(Node(freshUntil: 5, booted: true), 5));
        Assert.Equal((AuditSeed.All, "fresh"), rates.Of(Node(freshUntil: 0, booted: false), 9));
        (int rate, string reason) = rates.Of(Node(freshUntil: 5, booted: true), 6);
        Assert.Equal("economics", reason);
        Assert.InRange(rate, 10_000, AuditSeed.All - 1);

        // The more there is against a node already, the fewer checks are missing.
        Assert.True(rates.Of(Node(freshUntil: 5, booted: true, sum: 25_000_000), 6).RatePpm < rate);
    }

    [Fact]
    public void An_outage_of_most_nodes_at_once_is_this_validators_own()
    {
        DateTimeOffset at = DateTimeOffset.UnixEpoch;
        (long, DateTimeOffset, bool)[] most = [(1, at, true), (2, at.AddSeconds(20), true), (3, at.AddSeconds(40), true), (4, at, false), (1, at.AddMinutes(10), true)];
        Assert.Equal([true, true, true, false, false], OwnOutage.Find(most, 5));

        // Half of them is theirs, and so are two of three.
        Assert.All(OwnOutage.Find(most, 6), Assert.False);
        Assert.All(OwnOutage.Find([(1, at, true), (2, at, true)], 2), Assert.False);
        Assert.All(OwnOutage.Find([(1, at, true), (1, at.AddSeconds(1), true), (1, at.AddSeconds(2), true)], 3), Assert.False);
    }

    private static NodeRow Node(long freshUntil, bool booted, long sum = 0) => new()
    {
        Id = 1,
        Name = "a",
        Url = new Uri("http://127.0.0.1:1"),
        Identity = null,
        Listed = true,
        FirstEpoch = 1,
        Status = NodeStatus.Active,
        StatusReason = null,
        StatusEpoch = null,
        CaughtKeyset = null,
        Evidence = new EDetector(sum, 10),
        ManifestRoot = new byte[32],
        Profile = "p",
        BootId = booted ? new byte[16] : null,
        KeysetDigest = new byte[32],
        FreshUntilEpoch = freshUntil,
    };
}
