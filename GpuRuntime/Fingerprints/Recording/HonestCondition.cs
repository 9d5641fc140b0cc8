namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>How an honest node happens to compute.</summary>
/// <param name="Name">As it is printed.</param>
/// <param name="Threads">Of the backend.</param>
/// <param name="AtOnce">Answers computed together.</param>
internal sealed record HonestCondition(string Name, int Threads, int AtOnce)
{
    public static IReadOnlyList<HonestCondition> All { get; } = [new("1 thread", 1, 1), new("2 threads", 2, 1), new("8 at once", 1, 8)];
}
