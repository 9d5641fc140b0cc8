using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Training.Optimisers;

/// <summary>Makes the rule that settings name.</summary>
internal static class OptimiserRules
{
    /// <summary>A rule that remembers nothing yet.</summary>
    public static IOptimiserRule Create(ParameterLayout layout, InnerSettings settings)
    {
        int[] all = [.. Enumerable.Range(0, layout.Tensors.Count)];
        return settings.Optimiser switch
        {
            OptimiserKind.Sgd => new SgdRule(layout, settings),
            OptimiserKind.Muon => new MuonRule(layout, settings),
            _ => new AdamWRule(layout, all, settings),
        };
    }
}
