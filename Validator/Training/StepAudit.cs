using System.Runtime.InteropServices;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Receipts;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Sealing;
using Verathos.Validator.Audits;
using Verathos.Validator.State;

namespace Verathos.Validator.Training;

/// <summary>
/// Judges an opened inner step: whether what is shown is what the record committed to, and whether computing the step again comes to the same. In the numeric profile of
/// the record every bit has to be the same; in another one only the gradient is compared, within the profile's tolerance.
/// </summary>
/// <param name="trainer">The arithmetic; stays the caller's, and is used by one thread at a time.</param>
public sealed class StepAudit(InnerTrainer trainer)
{
    /// <summary>The outcome's test.</summary>
    public const string Test = "training-step";

    private readonly GradientLayout _layout = new([.. trainer.Layout.Tensors.Select(static tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);

    /// <summary>Judges what a worker showed.</summary>
    /// <param name="record">The record, verified.</param>
    /// <param name="work">What the worker's part was.</param>
    /// <param name="step">The step that was asked for.</param>
    /// <param name="shown">What came, opened; null where the seal did not open.</param>
    public WorkEnd Judge(TrainingRecord record, ReplayedWork work, int step, ReadOnlySpan<byte> shown)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(work);
        if (!StepContent.TryParse(shown, _layout.Count, out StepContent? content))
        {
            return Caught("step.form", "what was shown is no opened step of this model");
        }

        string? wrong = FindForgery(record, work, step, content);
        return wrong is not null ? Caught(wrong, $"the opened step is not the one that the record commits to ({wrong})")
            : record.NumericProfile == trainer.Profile ? Replay(record, work, step, content)
            : Compare(record, work, step, content);
    }

    /// <summary>A verdict against the worker: it is caught.</summary>
    public static WorkEnd Caught(string check, string detail) => AuditVerdict.Caught(check, detail, null) with { Outcomes = [new NewOutcome(Test, 0, 1, false, 0, 0)] };

    private string? FindForgery(TrainingRecord record, ReplayedWork work, int step, StepContent content)
    {
        TrainingStep opened = content.Opening.Step;
        bool isLast = step + 1 == record.Steps;
        return opened.Number != step || content.Opening.Verify(record) != StepOpeningError.None ? "step.opening"
            : (content.Next is null) != isLast || (content.Next is { } next && (next.Step.Number != step + 1 || next.Verify(record) != StepOpeningError.None)) ? "step.next"
            : !opened.ModelRoot.Span.SequenceEqual(TrainingRoots.OfModel(_layout, content.Weights)) ? "step.weights"
            : !opened.OptimiserRoot.Span.SequenceEqual(TrainingRoots.OfOptimiser(content.Optimiser)) ? "step.state"
            : !opened.GradientRoot.Span.SequenceEqual(TrainingRoots.OfDenseGradient(_layout, content.Gradient)) ? "step.gradient-root"
            : step == 0 && work.OptimiserBefore is { } before && !before.Span.SequenceEqual(opened.OptimiserRoot.Span) ? "step.chain"
            : null;
    }

    private WorkEnd Replay(TrainingRecord record, ReplayedWork work, int step, StepContent content)
    {
        if (!TrySet(content))
        {
            return Caught("step.state-form", "the optimiser's state that was shown is none of the run's optimiser");
        }

        StepResult result;
        try
        {
            result = trainer.Step(BatchOf(work, step), work.Rates[step]);
        }
        catch (TrainingException)
        {
            // Not finite, and so no step that an honest enclave signs.
            return Caught("step.computable", $"step {step} cannot be computed from what was shown");
        }

        string? wrong = !Same(trainer.LastGradient, content.Gradient) ? "step.gradient"
            : BitConverter.SingleToInt32Bits((float)result.Loss) != BitConverter.SingleToInt32Bits(record.Losses[step]) ? "step.loss"
            : !TrainingRoots.OfModel(_layout, trainer.Weights).AsSpan().SequenceEqual((content.Next?.Step.ModelRoot ?? record.ResultRoot).Span) ? "step.result"
            : !TrainingRoots.OfOptimiser(trainer.GetState()).AsSpan().SequenceEqual((content.Next?.Step.OptimiserRoot ?? record.OptimiserRoot).Span) ? "step.result-state"
            : null;
        return wrong is null ? Passed() : Caught(wrong, $"step {step} computed again is not the same, bit for bit, in the profile {record.NumericProfile} ({wrong})");
    }

    // Another machine's last bits differ, so the update cannot be compared; the gradient is what the data and the weights decide.
    private WorkEnd Compare(TrainingRecord record, ReplayedWork work, int step, StepContent content)
    {
        double distance;
        try
        {
            trainer.SetWeights(content.Weights);
            _ = trainer.Gradient(BatchOf(work, step));
            distance = Distance(content.Gradient, trainer.LastGradient);
        }
        catch (TrainingException)
        {
            distance = double.PositiveInfinity;
        }

        double tolerance = trainer.Settings.Precision == TrainingPrecision.F32 ? 1e-5 : 5e-3;
        return distance <= tolerance ? Passed() : new WorkEnd(WorkResult.Failed, "step.distance", $"step {step} of a record of the profile {record.NumericProfile} lies {distance:G3} from the gradient here, more than {tolerance:G3}")
        {
            Outcomes = [new NewOutcome(Test, 0, 1, false, 0, 0)],
        };
    }

    private bool TrySet(StepContent content)
    {
        try
        {
            trainer.SetWeights(content.Weights);
            trainer.SetState(content.Optimiser);
            return true;
        }
        catch (TrainingException)
        {
            return false;
        }
    }

    private static WorkEnd Passed() => new(WorkResult.Passed) { Outcomes = [new NewOutcome(Test, 0, 0, true, 0, 0)] };

    private static bool Same(ReadOnlySpan<float> left, ReadOnlySpan<float> right) => MemoryMarshal.AsBytes(left).SequenceEqual(MemoryMarshal.AsBytes(right));

    private static double Distance(ReadOnlySpan<float> claimed, ReadOnlySpan<float> recomputed)
    {
        (double difference, double whole) = (0, 0);
        for (int i = 0; i < claimed.Length; i++)
        {
            double apart = (double)claimed[i] - recomputed[i];
            difference += apart * apart;
            whole += (double)recomputed[i] * recomputed[i];
        }

        double distance = Math.Sqrt(difference) / Math.Sqrt(whole);
        return double.IsNaN(distance) ? double.PositiveInfinity : distance;
    }

    private static Batch BatchOf(ReplayedWork work, int step)
    {
        OrderedBatches batches = new(work.Documents, work.Rows, work.Length);
        Batch batch = batches.Next();
        for (int i = 0; i < step; i++)
        {
            batch = batches.Next();
        }

        return batch;
    }
}
