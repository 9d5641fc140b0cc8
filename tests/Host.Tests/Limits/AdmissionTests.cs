using Microsoft.Extensions.Time.Testing;
using Verathos.Host.Configuration;
using Verathos.Host.Limits;

namespace Verathos.Host.Tests.Limits;

public sealed class AdmissionTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_runs_one_waits_and_the_next_is_refused()
    {
        await using Admission admission = Create(concurrency: 1, queue: 1);
        AdmissionPlace first = (await admission.EnterAsync(Cancel)).Place!;
        Task<(AdmissionPlace? Place, Refusal Refusal)> second = admission.EnterAsync(Cancel);

        Assert.Equal(Refusal.QueueFull, (await admission.EnterAsync(Cancel)).Refusal);
        Assert.Equal((1, 1), (admission.Running, admission.Waiting));

        first.Dispose();
        Assert.NotNull((await second).Place);
        Assert.Equal((1, 0), (admission.Running, admission.Waiting));
    }

    [Fact]
    public async Task Waiting_has_an_end()
    {
        await using Admission admission = Create(concurrency: 1, queue: 1);
        await admission.EnterAsync(Cancel);
        Task<(AdmissionPlace? Place, Refusal Refusal)> second = admission.EnterAsync(Cancel);

        _time.Advance(TimeSpan.FromSeconds(61));

        Assert.Equal(Refusal.WaitedTooLong, (await second).Refusal);
        Assert.Equal(0, admission.Waiting);
    }

    [Fact]
    public async Task A_client_that_leaves_the_queue_makes_room()
    {
        await using Admission admission = Create(concurrency: 1, queue: 1);
        await admission.EnterAsync(Cancel);
        using CancellationTokenSource gone = new();
        Task<(AdmissionPlace? Place, Refusal Refusal)> second = admission.EnterAsync(gone.Token);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal(0, admission.Waiting);
    }

    [Fact]
    public async Task Draining_refuses_newcomers_and_ends_when_the_last_has_left()
    {
        await using Admission admission = Create(concurrency: 1, queue: 1);
        AdmissionPlace first = (await admission.EnterAsync(Cancel)).Place!;
        Task<(AdmissionPlace? Place, Refusal Refusal)> waiting = admission.EnterAsync(Cancel);

        Task empty = admission.Drain();

        Assert.Equal(Refusal.Draining, (await admission.EnterAsync(Cancel)).Refusal);
        Assert.False(empty.IsCompleted);
        first.Dispose();
        first.Dispose();
        Assert.Equal(Refusal.Draining, (await waiting).Refusal);
        await empty;
        Assert.Equal(0, admission.Running);
    }

    [Fact]
    public async Task The_wait_that_is_advised_grows_with_how_long_answers_take()
    {
        await using Admission admission = Create(concurrency: 1, queue: 0);
        TimeSpan before = admission.RetryAfter;
        AdmissionPlace place = (await admission.EnterAsync(Cancel)).Place!;
        _time.Advance(TimeSpan.FromMinutes(5));
        place.Dispose();

        Assert.Equal(TimeSpan.FromSeconds(1), before);
        Assert.Equal(TimeSpan.FromSeconds(31), admission.RetryAfter);
    }

    private Admission Create(int concurrency, int queue) =>
        new(new LimitsConfiguration { Concurrency = concurrency, Queue = queue }, new TimeoutsConfiguration(), _time);
}
