namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// Does one optimiser step again from what was before it. In the profile of the original every bit is the same, on any number of
/// threads; in another one the gradient is compared by <see cref="Distance"/>.
/// </summary>
public static class StepReplay
{
    /// <summary>Does a step again.</summary>
    /// <param name="model">The model; of it only the shape counts, and with adapters the frozen weights.</param>
    /// <param name="settings">What fixes the arithmetic.</param>
    /// <param name="weights">What is trained, before the step, flat.</param>
    /// <param name="state">The optimiser's state before the step.</param>
    /// <param name="batch">The step's batch.</param>
    /// <param name="learningRate">Of the step.</param>
    /// <param name="threads">Threads to compute on; changes no bit.</param>
    /// <exception cref="TrainingException">Weights, state or batch do not fit the model and settings, or loss or gradient are not finite.</exception>
    public static ReplayedStep Run(
        ModelWeights model, InnerSettings settings, ReadOnlySpan<float> weights, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> state,
        Batch batch, double learningRate, int threads)
    {
        using InnerTrainer trainer = new(model, settings, threads);
        return Run(trainer, weights, state, batch, learningRate);
    }

    /// <summary>Does a step again with a trainer that is there already; its weights and state are those after the step then.</summary>
    /// <exception cref="TrainingException">As above.</exception>
    public static ReplayedStep Run(
        InnerTrainer trainer, ReadOnlySpan<float> weights, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> state, Batch batch, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        trainer.SetWeights(weights);
        trainer.SetState(state);
        StepResult result = trainer.Step(batch, learningRate);
        return new ReplayedStep(result, trainer.LastGradient.ToArray(), trainer.Weights.ToArray(), trainer.GetState(), trainer.Profile);
    }

    /// <summary>How far a claimed gradient is from the recomputed one: the norm of the difference by the recomputed one's norm, in binary64.</summary>
    /// <param name="claimed">As it was committed to.</param>
    /// <param name="recomputed">As it came out again.</param>
    /// <returns>0 for equal ones; infinity for another length, for a claim with a number that is not finite, and for any claim but 0 where 0 came out.</returns>
    public static double Distance(ReadOnlySpan<float> claimed, ReadOnlySpan<float> recomputed)
    {
        if (claimed.Length != recomputed.Length)
        {
            return double.PositiveInfinity;
        }

        (double difference, double whole) = (0, 0);
        for (int i = 0; i < claimed.Length; i++)
        {
            double apart = (double)claimed[i] - recomputed[i];
            difference += apart * apart;
            whole += (double)recomputed[i] * recomputed[i];
        }

        return difference == 0 ? 0
            : double.IsFinite(difference) && double.IsFinite(whole) && whole > 0 ? Math.Sqrt(difference / whole)
            : double.PositiveInfinity;
    }

    /// <summary>The greatest <see cref="Distance"/> that two profiles of one precision may have: 1e-5 in binary32, 5e-3 with bfloat16.</summary>
    public static double Tolerance(TrainingPrecision precision) => precision == TrainingPrecision.F32 ? 1e-5 : 5e-3;
}
