using Verathos.Client;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Statistics;
using Verathos.Validator.Audits;
using Verathos.Validator.Configuration;
using Verathos.Validator.Keys;
using Verathos.Validator.Nodes;
using Verathos.Validator.State;
using Verathos.Validator.Tests.State;

namespace Verathos.Validator.Tests.Audits;

public sealed class LateAuditTests
{
    [Theory]
    [InlineData("it was never asked for", 0)]
    [InlineData("the validator was killed while it asked", 1)]
    public async Task An_audit_whose_window_closed_while_the_validator_was_away_is_not_the_nodes_fault(string name, int asked)
    {
        string root = Directory.CreateTempSubdirectory("verathos-late-").FullName;
        using StateFixture fixture = new(canaries: 1);
        fixture.Answer(0, 0);
        for (int i = 0; i < asked; i++)
        {
            Assert.True(fixture.State.BeginAudit(StateFixture.Id(0, 0), StateFixture.Start));
            fixture.Reopen();
            fixture.State.Recover(StateFixture.Start);
        }

        // The clock is far past the audit's deadline, and no budget is left.
        ValidatorConfiguration configuration = ValidatorDefaults.Of("n", "p", null, [], 2048);
        ValidatorFolder folder = ValidatorFolder.Create(Path.Combine(root, "v"), configuration with { LostOpenings = new LostOpeningConfiguration(0, 1) });
        using NodeClients clients = new(new ClientOptions());
        using KeyRing keys = new(folder.KeysFolder, new byte[32]);
        AuditRunner runner = new(folder, fixture.State, clients, new OpeningAudit(keys, new LimitTable(1, []), new OutcomeWeights(new LikelihoodTables([]))), null, TimeProvider.System);
        await runner.AuditAsync(fixture.State.Audits(1)[0], TestContext.Current.CancellationToken);
        AuditRow audit = Assert.Single(fixture.State.Audits(1));
        Assert.True((WorkState.Ended, WorkResult.ValidatorError, "validator.late") == (audit.State, audit.Result, audit.Reason), name);
        Assert.Equal(NodeStatus.Active, fixture.State.Node("a")!.Status);
        Directory.Delete(root, recursive: true);
    }
}
