using Verathos.Fingerprint.Statistics;
using Verathos.Validator.Configuration;
using Verathos.Validator.State;
using Verathos.Validator.Tests.State;
using Verathos.Validator.Verdicts;

namespace Verathos.Validator.Tests.Verdicts;

public sealed class VerdictExchangeTests : IDisposable
{
    private const long Bound = 2_000_000;
    private readonly string _root = Path.Combine(Directory.CreateTempSubdirectory("verathos-verdicts-").FullName, "v");
    private readonly StateFixture _fixture = new();
    private readonly List<OwnerKey> _others = [];

    private static string Subject => "http://127.0.0.1:1000";

    public void Dispose()
    {
        _fixture.Dispose();
        _others.ForEach(static key => key.Dispose());
        Directory.Delete(Path.GetDirectoryName(_root)!, recursive: true);
    }

    [Fact]
    public void One_validator_bans_alone_only_in_the_mode_that_says_so()
    {
        Guilty();
        Assert.Equal(["a"], Exchange(static ban => ban).Close(1));
        EventRow banned = Assert.Single(_fixture.State.Events(), static happened => happened.Kind == EventKind.Banned);
        Assert.StartsWith("single-validator mode", banned.Detail, StringComparison.Ordinal);
        Assert.Equal(NodeStatus.Banned, _fixture.State.Node("a")!.Status);
    }

    [Theory]
    [InlineData("two others who saw it", 2, true)]
    [InlineData("one other", 1, false)]
    [InlineData("nobody", 0, false)]
    public void Three_validators_must_have_met_the_bound(string name, int others, bool banned)
    {
        Guilty();
        VerdictExchange exchange = Exchange(With(2));
        for (int i = 0; i < others; i++)
        {
            Say(i, new VerdictStatement(Subject, Bound, Bound, 3, Now));
        }

        Assert.True(banned == (exchange.Close(1).Count == 1), name);
        Assert.Contains(_fixture.State.Events(), static happened => happened.Kind == EventKind.BoundReached);
    }

    [Fact]
    public void Others_cannot_ban_whom_this_validator_has_nothing_against()
    {
        VerdictExchange exchange = Exchange(With(2));
        Say(0, new VerdictStatement(Subject, Bound, Bound, 3, Now));
        Say(1, new VerdictStatement(Subject, Bound, Bound, 3, Now));
        Assert.Empty(exchange.Close(1));
    }

    [Fact]
    public void Statements_of_strangers_of_other_nodes_of_a_lower_bound_old_or_changed_count_for_nothing()
    {
        Guilty();
        VerdictExchange exchange = Exchange(With(2));
        Say(0, new VerdictStatement(Subject, Bound, Bound, 3, Now));
        foreach ((string name, VerdictStatement statement, int signer) in ((string, VerdictStatement, int)[])
        [
            ("another node", new VerdictStatement("http://127.0.0.1:1001", Bound, Bound, 3, Now), 1),
            ("a lower bound", new VerdictStatement(Subject, Bound, Bound - 1, 3, Now), 1),
            ("an old one", new VerdictStatement(Subject, Bound, Bound, 3, Now.AddDays(-31)), 1),
            ("one of the future", new VerdictStatement(Subject, Bound, Bound, 3, Now.AddHours(1)), 1),
            ("a stranger's", new VerdictStatement(Subject, Bound, Bound, 3, Now), 2),
            ("the same validator's again", new VerdictStatement(Subject, Bound + 1, Bound, 4, Now), 0),
            ("one whose sum is below its bound", new VerdictStatement(Subject, Bound - 1, Bound, 3, Now), 1),
        ])
        {
            string path = Say(signer, statement);
            Assert.True(exchange.Close(1).Count == 0, name);
            File.Delete(path);
        }

        string changed = Say(1, new VerdictStatement(Subject, Bound, Bound, 3, Now));
        byte[] bytes = File.ReadAllBytes(changed);
        bytes[^1] ^= 1;
        File.WriteAllBytes(changed, bytes);
        Assert.Empty(exchange.Close(1));
    }

    [Fact]
    public void Its_own_statement_is_one_that_others_can_verify()
    {
        Guilty();
        Exchange(With(2)).Close(1);
        using OwnerKey owner = OwnerKey.Load(Path.Combine(_root, "owner.key"));
        using System.Security.Cryptography.ECDsa key = OwnerKey.FromPublicKey(owner.PublicKey)!;
        string file = Assert.Single(Directory.EnumerateFiles(Path.Combine(_root, "verdicts", "own")));
        Assert.True(VerdictStatement.TryParse(File.ReadAllBytes(file), key, out VerdictStatement? statement));
        Assert.Equal((Subject, Bound), (statement.Subject, statement.BoundMicro));
        Assert.False(VerdictStatement.TryParse(File.ReadAllBytes(file), _others[0].Signing, out _));
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private void Guilty() => _fixture.Answer(0, 0, new WorkEnd(WorkResult.Passed) { Outcomes = [StateFixture.Weighing("x", Bound)] });

    private Func<BanConfiguration, BanConfiguration> With(int others) =>
        ban => ban with { SingleValidator = false, Quorum = 3, Trusted = [.. _others.Take(others).Select(static key => key.PublicKey)] };

    private VerdictExchange Exchange(Func<BanConfiguration, BanConfiguration> change)
    {
        string keys = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(_root)!, "others")).FullName;
        _others.AddRange(Enumerable.Range(0, 3).Select(i => OwnerKey.Create(Path.Combine(keys, $"{i}.key"))));
        ValidatorConfiguration configuration = ValidatorDefaults.Of("nodes.json", "policy.json", null, [], 2048);
        ValidatorFolder folder = ValidatorFolder.Create(_root, configuration with { Ban = change(configuration.Ban) });
        return new VerdictExchange(folder, OwnerKey.Load(folder.OwnerKeyPath), _fixture.State, Bound, TimeProvider.System);
    }

    private string Say(int signer, VerdictStatement statement)
    {
        string path = Path.Combine(_root, "verdicts", "others", $"{Guid.NewGuid():N}.cose");
        File.WriteAllBytes(path, statement.Sign(_others[signer].Signing));
        return path;
    }
}
