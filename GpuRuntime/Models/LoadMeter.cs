namespace Verathos.GpuRuntime.Models;

/// <summary>Counts the bytes of one stage and reports them now and then.</summary>
internal sealed class LoadMeter(LoadStage stage, long total, IProgress<LoadProgress>? progress, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private readonly long _step = Math.Max(1, total / 100);
    private long _done;

    /// <summary>Mean speed so far.</summary>
    public double BytesPerSecond
    {
        get
        {
            double seconds = time.GetElapsedTime(_started).TotalSeconds;
            return seconds > 0 ? Interlocked.Read(ref _done) / seconds : 0;
        }
    }

    /// <summary>Counts bytes; safe from any thread.</summary>
    public void Add(long bytes)
    {
        long now = Interlocked.Add(ref _done, bytes);
        if (now >= total || now / _step != (now - bytes) / _step)
        {
            progress?.Report(new LoadProgress(stage, now, total, BytesPerSecond));
        }
    }

    /// <summary>Counts bytes; safe from any thread.</summary>
    public void Add(int bytes) => Add((long)bytes);
}
