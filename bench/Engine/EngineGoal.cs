using Verathos.Bench.Statistics;

namespace Verathos.Bench.Engine;

/// <summary>A ratio that the engine is meant to reach.</summary>
/// <param name="Model">The model.</param>
/// <param name="Goal">What is compared.</param>
/// <param name="Required">The least median.</param>
/// <param name="Measured">What was measured.</param>
public sealed record EngineGoal(string Model, string Goal, double Required, PairedRatio Measured)
{
    /// <summary>Whether the median reaches it.</summary>
    public bool Holds => Measured.Median >= Required;
}
