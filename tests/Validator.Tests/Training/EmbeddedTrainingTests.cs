using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.GpuRuntime.Training;
using Verathos.Testing;
using Verathos.Validator.Training;

namespace Verathos.Validator.Tests.Training;

/// <summary>The embedded model's own chain of records. A whole replay is the verb's; here it is the step after the middle state.</summary>
public sealed class EmbeddedTrainingTests
{
    private const long LargestFolder = 36_000_000;

    private static readonly string s_folder = Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny");

    [Fact]
    public void The_chain_of_the_embedded_model_holds()
    {
        var recipe = TrainingRecipe.Read(Path.Combine(s_folder, "recipe.json"));
        int step = recipe.Optimiser.StepsBefore(recipe.Optimiser.RoundCount() / 2);
        Assert.True(TrustAnchors.TryLoadSimulated(Path.Combine(s_folder, "training", "roots"), out TrustAnchors? anchors, out string? error), error);
        TrainingVerifyOptions options = new(s_folder, Policy.BuiltIn("simulated"), anchors!, 2) { Step = step };
        TrainingVerdict verdict = new TrainingVerifier(recipe, options, (_, _, _) => { }).Run(TestContext.Current.CancellationToken);
        Assert.True(verdict.IsAccepted, verdict.Failure?.ToString());
        Assert.Equal((recipe.Optimiser.RoundCount(), recipe.Optimiser.Steps, step), (verdict.Records, verdict.Steps, verdict.Replay!.Step));
        Assert.Equal(verdict.Replay.Profile == verdict.Profile, verdict.Replay.BitEqual);
    }

    [Fact]
    public void Its_folder_is_small_enough_for_a_repository() =>
        Assert.InRange(new DirectoryInfo(Path.Combine(s_folder, "training")).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length), 1, LargestFolder);
}
