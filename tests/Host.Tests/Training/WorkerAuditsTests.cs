using Google.Protobuf;
using Grpc.Core;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Host.Training;
using Verathos.Protocol.Grpc;
using Verathos.Training;
using Verathos.Training.Rounds;
using Verathos.Validator.State;
using Verathos.Validator.Training;

namespace Verathos.Host.Tests.Training;

public sealed class WorkerAuditsTests : IDisposable
{
    private readonly SmallRun _run = new();
    private readonly StateSeal _seal;
    private readonly ValidatorState _state;
    private readonly TrainingLedger _ledger;
    private readonly RecordBook _book;
    private readonly CoordinatorClient _client;

    public WorkerAuditsTests()
    {
        _seal = new StateSeal(_run.Keys.Owner.Secret);
        _state = ValidatorState.Open(_run.In("state.db"), _seal);
        _ledger = new TrainingLedger(_state, _run.Run.Id, TimeProvider.System);
        _book = new RecordBook(_run.In("books"));
        _client = new CoordinatorClient(new Uri("http://127.0.0.1:9"), _run.Keys.Owner.Signing, TimeProvider.System, static _ => { });
    }

    public void Dispose()
    {
        _client.Dispose();
        _state.Dispose();
        _seal.Dispose();
        _run.Dispose();
    }

    [Fact]
    public async Task Who_was_caught_before_counts_no_more_until_it_is_released()
    {
        (SmallRun.Member good, SmallRun.Member caught) = (await TrainedAsync(), await TrainedAsync());
        long epoch = _ledger.Begin();
        NodeRow row = _ledger.Worker(caught.Key, "", epoch);
        _ledger.Equivocated(epoch, row, "made up", "proof");
        Assert.Equal("quarantined", Assert.Single(await FaultsAsync(1, replayShare: 0, await ReadAsync(good), await ReadAsync(caught)), one => one.Key == caught.Key).Value);
        _state.AddEvent(epoch, row.Id, TimeProvider.System.GetUtcNow(), new NewEvent(EventKind.Released, "by hand", "released"));
        Assert.Empty(await FaultsAsync(1, replayShare: 0, await ReadAsync(good), await ReadAsync(caught)));
    }

    [Fact]
    public async Task What_was_wrong_stays_wrong_and_only_who_is_vouched_for_is_followed()
    {
        (SmallRun.Member box, SmallRun.Member evidence) = (await TrainedAsync(), await TrainedAsync());
        Dictionary<WorkerKey, string> faults = await FaultsAsync(
            1, replayShare: 1, await ReadAsync(box) with { Fault = "seal.key", Gradient = null }, await ReadAsync(evidence) with { Fault = "evidence.evidence", IsVouched = false });
        Assert.Equal(("seal.key", "evidence.evidence"), (faults[box.Key], faults[evidence.Key]));
        Assert.Equal((1ul, null), (_book.Last(box.Key)?.Counter, _book.Last(evidence.Key)?.Counter));

        // Of who has a fault no step is replayed.
        Assert.Empty(_state.Replays(_run.Run.Id.ToArray()));
    }

    [Fact]
    public async Task A_record_that_does_not_follow_is_a_fault()
    {
        SmallRun.Member member = await TrainedAsync();
        Assert.Empty(await FaultsAsync(1, replayShare: 0, await ReadAsync(member)));
        Train(member, 2);
        Train(member, 3);
        Assert.Equal("chain.counter", (await FaultsAsync(3, replayShare: 0, await ReadAsync(member)))[member.Key]);
    }

    [Fact]
    public async Task Openings_that_do_not_come_are_without_weight_within_the_budget_and_beyond_it_a_fault()
    {
        SmallRun.Member member = await _run.MemberAsync();
        for (ulong round = 1; round <= 4; round++)
        {
            Train(member, round);
            Assert.Equal(round <= 3 ? null : TrainingLedger.LostCheck, (await FaultsAsync(round, replayShare: 1, await ReadAsync(member))).GetValueOrDefault(member.Key));
        }

        Assert.False(_ledger.IsTrusted(member.Key));
    }

    [Fact]
    public async Task An_opening_that_is_not_sealed_to_the_validator_is_a_fault_and_stays_one_after_a_restart()
    {
        SmallRun.Member member = await TrainedAsync();
        await using GrpcServer server = await GrpcServer.StartAsync<Garbage>("http://127.0.0.1:0", 1 << 20, static _ => { }, TestContext.Current.CancellationToken);
        ReadReveal reveal = await ReadAsync(member) with { Address = server.Address.ToString() };
        Assert.Equal("step.seal", (await FaultsAsync(1, replayShare: 1, reveal))[member.Key]);
        Assert.False(_ledger.IsTrusted(member.Key));

        // The replay has ended and is not asked for again, also where its worker was released.
        NodeRow row = _state.Node($"worker:{member.Key}")!;
        _state.AddEvent(_ledger.Begin(), row.Id, TimeProvider.System.GetUtcNow(), new NewEvent(EventKind.Released, "by hand", "released"));
        await server.DisposeAsync();
        Assert.Equal("step.seal", (await FaultsAsync(1, replayShare: 1, reveal))[member.Key]);
    }

    // Made anew each time, as after a restart.
    private async Task<Dictionary<WorkerKey, string>> FaultsAsync(ulong round, double replayShare, params ReadReveal[] reveals)
    {
        RunFile run = _run.Run with
        {
            Judging = _run.Run.Judging with { ReplayShare = replayShare },
            Work = _run.Run.Work with { Length = 64 },
        };
        RunMaterial material = RunMaterial.Load(run, _run.Folder, withDocuments: true, static _ => { });
        using InnerTrainer trainer = material.NewTrainer(1, anyProfile: true);
        EquivocationFolder proofs = new(_run.In("books"));
        VouchedKeysets keysets = new(run, _run.Check(), SmallRun.FirstRoot, TimeProvider.System);
        WorkerAudits audits = new(
            material, _client, _run.Keys, _ledger, new WorkerChains(run, keysets, _book, proofs, static (_, _, _) => Task.FromResult<IReadOnlyList<ShownRecord?>>([])), proofs,
            new RecordHeads(new byte[32], _book, static (_, _) => true), trainer, 1 << 20, TimeProvider.System, static _ => { });
        RoundSettings settings = _run.SettingsOf(round, reveals.Select(static reveal => new RoundMember(reveal.Contribution.Worker, reveal.Contribution.Keyset, 0, null)));
        return await audits.FaultsAsync(_ledger.Begin(), settings, reveals, TestContext.Current.CancellationToken);
    }

    private static async Task<ReadReveal> ReadAsync(SmallRun.Member member) => new(
        new RoundContribution(member.Key, member.Claims, member.Record, member.Enclave.Keyset, [], member.Box), [], null, "", await member.ShowAsync(), [])
    { IsVouched = true };

    private async Task<SmallRun.Member> TrainedAsync()
    {
        SmallRun.Member member = await _run.MemberAsync();
        Train(member, 1);
        return member;
    }

    private void Train(SmallRun.Member member, ulong round) => member.Train(round, _run.Run.BeaconOf(round), SmallRun.FirstRoot);

    // A worker that opens nothing that can be read.
    private sealed class Garbage : TrainingWorkerService.TrainingWorkerServiceBase
    {
        public override Task OpenStep(OpenStepRequest request, IServerStreamWriter<Piece> responseStream, ServerCallContext context) =>
            responseStream.WriteAsync(new Piece { Data = ByteString.CopyFrom(new byte[100]) });
    }
}
