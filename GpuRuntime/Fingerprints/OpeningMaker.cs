using Verathos.Fingerprint.Openings;
using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>Opens committed answers by computing them again at once, which is exact in the served profile. For a backend of its own; an engine opens in pieces (<see cref="OpeningRun"/>).</summary>
/// <param name="backend">Runs the model that the answer was committed with.</param>
/// <param name="rows">The embedding's and the output's rows.</param>
internal sealed class OpeningMaker(Lane16Backend backend, IOpenedRows rows)
{
    /// <summary>Opens a layer and a row of logits.</summary>
    /// <param name="answer">What was kept.</param>
    /// <param name="plan">What is asked for.</param>
    /// <exception cref="InvalidOperationException">The steps computed again are not those committed to: another model or profile.</exception>
    public (LayerEvidence Layer, LogitsEvidence Logits) Open(CommittedAnswer answer, in OpeningPlan plan)
    {
        using OpeningRun run = new(backend, rows, answer, plan) { KeepsResults = true };
        run.Advance(int.MaxValue);
        return run.Result();
    }

    /// <summary>Opens one step's leaves.</summary>
    /// <param name="answer">What was kept.</param>
    /// <param name="step">The step.</param>
    /// <exception cref="InvalidOperationException">The steps computed again are not those committed to: another model or profile.</exception>
    public StepOpening OpenStep(CommittedAnswer answer, long step)
    {
        using OpeningRun run = OpeningRun.OfStep(backend, rows, answer, step);
        run.KeepsResults = true;
        run.Advance(int.MaxValue);
        return run.StepResult();
    }
}
