using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.GpuRuntime.Tests.Compute;

public class WorkCrewTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void EveryPartRunsOnceAndBeforeTheReturn(int threads)
    {
        using WorkCrew crew = new(threads);
        int[] runs = new int[300];
        for (int job = 0; job < 3000; job++)
        {
            int parts = job % 300;
            Array.Clear(runs);
            crew.Run((part, worker) =>
            {
                Assert.InRange(worker, 0, threads - 1);
                Interlocked.Increment(ref runs[part]);
            }, parts);
            Assert.True(runs.AsSpan(0, parts).IndexOfAnyExcept(1) < 0 && runs.AsSpan(parts).IndexOfAnyExcept(0) < 0, $"job {job}");
        }
    }

    [Fact]
    public void AFailureReachesTheCallerAndTheCrewGoesOn()
    {
        using WorkCrew crew = new(2);
        for (int i = 0; i < 50; i++)
        {
            Exception error = Assert.ThrowsAny<InvalidOperationException>(() => crew.Run((part, _) =>
            {
                if (part == 17)
                {
                    throw new ArithmeticException("part");
                }
            }, 40));
            Assert.IsType<ArithmeticException>(error.InnerException);
            int done = 0;
            crew.Run((_, _) => Interlocked.Increment(ref done), 40);
            Assert.Equal(40, done);
        }
    }
}
