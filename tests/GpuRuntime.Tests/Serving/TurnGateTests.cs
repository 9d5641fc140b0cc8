using Microsoft.Extensions.Time.Testing;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

public class TurnGateTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void ShortTurnsAndLongOnesGetTheSameTimeInQuanta()
    {
        TurnGate gate = new(2, _time);
        using TurnGate.Member quick = gate.Join(2);
        using TurnGate.Member slow = gate.Join(2);
        quick.Ask();
        slow.Ask();
        int quickInARow = 0;
        int slowInARow = 0;
        for (int i = 0; i < 1000; i++)
        {
            bool isQuick = quick.IsLetIn;
            Assert.NotEqual(isQuick, slow.IsLetIn);
            (quickInARow, slowInARow) = isQuick ? (quickInARow + 1, 0) : (0, slowInARow + 1);
            Assert.InRange(quickInARow, 0, 200);
            Assert.InRange(slowInARow, 0, 8);
            Turn(isQuick ? quick : slow, isQuick ? 1 : 30, again: true);
            Assert.InRange(Math.Abs(quick.Used - slow.Used), 0, 2 * 0.1301);
        }
    }

    [Fact]
    public void WhoWasIdleHasNoCreditForIt()
    {
        TurnGate gate = new(2, _time);
        using TurnGate.Member busy = gate.Join(2);
        using TurnGate.Member late = gate.Join(2);
        busy.Ask();
        for (int i = 0; i < 100; i++)
        {
            Turn(busy, 100, again: true);
        }

        late.Ask();
        List<bool> turns = [];
        for (int i = 0; i < 20; i++)
        {
            turns.Add(late.IsLetIn);
            Turn(late.IsLetIn ? late : busy, 100, again: true);
        }

        Assert.Equal(10, turns.Count(static isLate => isLate));
        Assert.DoesNotContain(turns.Zip(turns.Skip(1)), static pair => pair.First && pair.Second);
    }

    [Fact]
    public void EnginesWhoseThreadsFitComputeSideBySideAndAnotherWaits()
    {
        TurnGate gate = new(4, _time);
        using TurnGate.Member one = gate.Join(2);
        using TurnGate.Member two = gate.Join(2);
        using TurnGate.Member wide = gate.Join(8);
        Assert.Equal(4, wide.Threads);
        one.Ask();
        two.Ask();
        wide.Ask();
        Assert.True(one.IsLetIn && two.IsLetIn && !wide.IsLetIn && one.IsAwaited);
        Turn(one, 5, again: false);
        Assert.False(wide.IsLetIn);
        Turn(two, 5, again: false);
        Assert.True(wide.IsLetIn);
        Assert.False(wide.IsAwaited);
    }

    [Fact]
    public void AWideTurnIsNotOvertakenByNarrowOnesThatHaveUsedMore()
    {
        TurnGate gate = new(4, _time);
        using TurnGate.Member wide = gate.Join(4);
        using TurnGate.Member running = gate.Join(2);
        using TurnGate.Member other = gate.Join(2);
        running.Ask();
        other.Ask();
        wide.Ask();
        for (int i = 0; i < 3 && !wide.IsLetIn; i++)
        {
            Turn(running.IsLetIn ? running : other, 100, again: true);
        }

        Assert.True(wide.IsLetIn);
        Assert.False(running.IsLetIn || other.IsLetIn);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhoLeavesMakesPlace(bool letIn)
    {
        TurnGate gate = new(2, _time);
        using TurnGate.Member one = gate.Join(2);
        using TurnGate.Member two = gate.Join(2);
        using TurnGate.Member three = gate.Join(2);
        one.Ask();
        two.Ask();
        three.Ask();
        (letIn ? one : two).Leave();
        if (!letIn)
        {
            Turn(one, 1, again: false);
        }

        Assert.Equal((false, letIn, !letIn), (one.IsLetIn, two.IsLetIn, three.IsLetIn));
    }

    [Fact]
    public void AnEngineOfOneThreadWaitsForNobodyAndNobodyForIt()
    {
        TurnGate gate = new(2, _time);
        using TurnGate.Member wide = gate.Join(2);
        using TurnGate.Member waiting = gate.Join(2);
        using TurnGate.Member narrow = gate.Join(1);
        wide.Ask();
        waiting.Ask();
        narrow.Ask();
        Assert.True(wide.IsLetIn && narrow.IsLetIn && !waiting.IsLetIn);
        wide.Enter();
        wide.Exit(again: false);
        Assert.True(waiting.IsLetIn);
        Turn(narrow, 1000, again: true);
        Assert.True(narrow.IsLetIn);
    }

    private void Turn(TurnGate.Member member, int milliseconds, bool again)
    {
        member.Enter();
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        member.Exit(again);
    }
}
