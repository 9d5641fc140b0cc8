namespace Verathos.Bench.Canaries;

/// <summary>One thing that a classifier was to tell apart.</summary>
/// <param name="Name">What.</param>
/// <param name="Sees">"reader" sees everything inside the seal and times; "host" sees ciphertext and times.</param>
/// <param name="MustBeChance">True for canaries as they are; false for a mistake that the classifier must find, which shows that it would find it.</param>
/// <param name="Result">How well it did.</param>
public sealed record CanaryBenchRow(string Name, string Sees, bool MustBeChance, Separation Result)
{
    /// <summary>Whether it is as it must be.</summary>
    public bool Passed => MustBeChance ? Result.IsChance : Result.IsFound;
}
