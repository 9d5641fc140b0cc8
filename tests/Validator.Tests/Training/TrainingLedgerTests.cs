using Microsoft.Extensions.Time.Testing;
using Verathos.Training;
using Verathos.Validator.State;
using Verathos.Validator.Training;

namespace Verathos.Validator.Tests.Training;

public sealed class TrainingLedgerTests : IDisposable
{
    private static readonly byte[] Run = [.. Enumerable.Repeat((byte)9, 32)];

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-ledger-").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
    private readonly StateSeal _seal = new(new byte[32]);

    public void Dispose()
    {
        _seal.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_replay_is_booked_once_and_a_worker_that_was_caught_is_quarantined_until_it_is_released()
    {
        using ValidatorState state = ValidatorState.Open(Path.Combine(_folder, "state.db"), _seal);
        TrainingLedger ledger = new(state, Run, _time);
        long epoch = ledger.Begin();
        Assert.Equal(epoch, ledger.Begin());
        NodeRow worker = ledger.Worker(Key(1), "http://127.0.0.1:1", epoch);
        Assert.True(ledger.IsTrusted(Key(1)));

        ReplayRow first = ledger.Plan(epoch, worker, 7, 2, new byte[32]);
        ledger.Ask(first);
        ledger.End(first, new WorkEnd(WorkResult.Passed) { Outcomes = [new NewOutcome(StepAudit.Test, 0, 0, true, 0, 0)] }, 100, TimeSpan.FromMilliseconds(5));
        Assert.Throws<StateException>(() => ledger.End(first, new WorkEnd(WorkResult.Passed), 0, TimeSpan.Zero));
        Assert.Equal((WorkState.Ended, WorkResult.Passed), (ledger.Plan(epoch, worker, 7, 2, new byte[32]).State, state.Replay(first.Id)!.Result!.Value));
        Assert.Equal(first.Id, Assert.Single(state.Outcomes()).Canary);
        Assert.True(ledger.IsTrusted(Key(1)));

        ReplayRow second = ledger.Plan(epoch, worker, 8, 0, new byte[32]);
        ledger.Ask(second);
        ledger.End(second, StepAudit.Caught("step.gradient", "not the same"), 100, TimeSpan.Zero);
        Assert.False(ledger.IsTrusted(Key(1)));
        NodeRow caught = state.Node(worker.Name)!;
        Assert.Equal((NodeStatus.Quarantined, "step.gradient"), (caught.Status, caught.StatusReason));
        Assert.Equal(EventKind.Caught, Assert.Single(state.Events()).Kind);
        Assert.True(ledger.IsTrusted(Key(2)));
        state.AddEvent(epoch, worker.Id, _time.GetUtcNow(), new NewEvent(EventKind.Released, "by hand", "released"));
        Assert.True(ledger.IsTrusted(Key(1)));

        ledger.End();
        Assert.NotNull(state.Epoch(epoch)!.EndedAt);
        Assert.Equal(epoch + 1, ledger.Begin());
    }

    [Fact]
    public void Openings_that_do_not_come_are_without_weight_up_to_a_budget()
    {
        using ValidatorState state = ValidatorState.Open(Path.Combine(_folder, "state.db"), _seal);
        TrainingLedger ledger = new(state, Run, _time);
        long epoch = ledger.Begin();
        NodeRow worker = ledger.Worker(Key(1), "", epoch);
        Assert.Equal("about:blank", worker.Url.OriginalString);
        for (ulong round = 1; round <= 3; round++)
        {
            ReplayRow replay = ledger.Plan(epoch, worker, round, 0, new byte[32]);
            ledger.Ask(replay);
            WorkEnd end = ledger.Lost(replay, "away", budget: 2);
            Assert.Equal(round < 3 ? WorkResult.Lost : WorkResult.Failed, end.Result);
            ledger.End(replay, end, 0, TimeSpan.Zero);
            Assert.Equal(round < 3, ledger.IsTrusted(Key(1)));
        }

        Assert.Equal(TrainingLedger.LostCheck, state.Node(worker.Name)!.StatusReason);

        // Long ago counts no more.
        ReplayRow later = ledger.Plan(epoch, worker, 3 + TrainingLedger.LostWindow, 0, new byte[32]);
        Assert.Equal(WorkResult.Lost, ledger.Lost(later, "away", budget: 2).Result);
    }

    [Fact]
    public void About_the_share_is_drawn_and_always_the_same()
    {
        using ValidatorState state = ValidatorState.Open(Path.Combine(_folder, "state.db"), _seal);
        TrainingLedger ledger = new(state, Run, _time);
        long epoch = ledger.Begin();
        int?[] drawn = [.. Enumerable.Range(0, 2000).Select(i => ledger.Draw(epoch, Key(i % 50), (ulong)(i / 50), 30, 0.05))];
        Assert.InRange(drawn.Count(static step => step is not null), 60, 145);
        Assert.All(drawn, static step => Assert.True(step is null or (>= 0 and < 30)));
        Assert.True(drawn.OfType<int>().Distinct().Count() > 10);
        Assert.Equal(drawn[..200], Enumerable.Range(0, 200).Select(i => ledger.Draw(epoch, Key(i % 50), (ulong)(i / 50), 30, 0.05)));
        Assert.NotNull(ledger.Draw(epoch, Key(1), 1, 30, 1));
        Assert.Null(ledger.Draw(epoch, Key(1), 1, 30, 0));
    }

    private static WorkerKey Key(int number) => new([.. new byte[31], (byte)number]);
}
