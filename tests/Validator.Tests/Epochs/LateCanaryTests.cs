using Verathos.Validator.Canaries;
using Verathos.Validator.Epochs;
using Verathos.Validator.State;
using Verathos.Validator.Tests.State;

namespace Verathos.Validator.Tests.Epochs;

public sealed class LateCanaryTests
{
    private static readonly TimeSpan s_patience = LateCanary.Patience(3600);

    [Fact]
    public void What_is_late_is_drawn_anew_over_what_is_left_or_shortly_after_the_end()
    {
        using StateFixture fixture = new(canaries: 1);
        CanaryRow canary = fixture.State.Canary(StateFixture.Id(0, 0))!;
        using CanaryRandom random = new(new byte[32], "test"u8);
        DateTimeOffset now = StateFixture.Start;
        DateTimeOffset[] drawn = [.. Enumerable.Range(0, 300).Select(_ => LateCanary.Redraw(canary, now.AddHours(1), now, s_patience, ArrivalProfile.Default, random)!.Value)];
        Assert.All(drawn, due => Assert.InRange(due, now, now.AddHours(1)));

        // Not in a heap: each sixth of the hour has its share.
        Assert.All(Enumerable.Range(0, 6), part => Assert.InRange(drawn.Count(due => (int)((due - now).TotalMinutes / 10) == part), 25, 80));
        Assert.InRange(LateCanary.Redraw(canary, now.AddSeconds(5), now, s_patience, ArrivalProfile.Default, random)!.Value, now, now + s_patience);
        Assert.InRange(LateCanary.Redraw(canary, now.AddHours(-1), now, s_patience, ArrivalProfile.Default, random)!.Value, now, now + s_patience);
        Assert.Null(LateCanary.Redraw(canary with { Moved = LateCanary.MostMoves }, now.AddHours(1), now, s_patience, ArrivalProfile.Default, random));
        Assert.Null(LateCanary.Redraw(canary with { Turn = 1 }, now.AddHours(1), now, s_patience, ArrivalProfile.Default, random));
    }

    [Fact]
    public void A_moved_canary_is_due_at_its_new_time_and_says_that_it_was_moved()
    {
        using StateFixture fixture = new(canaries: 1);
        byte[] id = StateFixture.Id(0, 0);
        DateTimeOffset due = StateFixture.Start.AddHours(3);
        fixture.State.MoveCanary(id, due);
        fixture.Reopen();
        CanaryRow moved = fixture.State.Canary(id)!;
        Assert.Equal((due, 1, WorkState.Planned), (moved.DueAt, moved.Moved, moved.State));
        Assert.DoesNotContain(fixture.State.DueCanaries(due.AddSeconds(-1), 100), canary => canary.Id.SequenceEqual(id));
        Assert.Contains(fixture.State.DueCanaries(due, 100), canary => canary.Id.SequenceEqual(id));

        // What has left is never moved.
        Assert.True(fixture.State.BeginCanary(id, due));
        fixture.State.MoveCanary(id, due.AddHours(1));
        Assert.Equal((due, 1), (fixture.State.Canary(id)!.DueAt, fixture.State.Canary(id)!.Moved));
    }
}
