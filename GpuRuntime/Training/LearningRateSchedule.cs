namespace Verathos.GpuRuntime.Training;

/// <summary>Linear warmup, then half a cosine from the peak down to the final rate.</summary>
public static class LearningRateSchedule
{
    /// <summary>The learning rate of a step, counted from 0.</summary>
    public static double At(int step, OptimiserSettings settings)
    {
        if (step < settings.WarmupSteps)
        {
            return settings.LearningRate * (step + 1) / settings.WarmupSteps;
        }

        int falling = Math.Max(1, settings.Steps - settings.WarmupSteps - 1);
        double done = Math.Min(1.0, (double)(step - settings.WarmupSteps) / falling);
        double span = settings.LearningRate - settings.FinalLearningRate;
        return settings.FinalLearningRate + (span * 0.5 * (1.0 + Math.Cos(Math.PI * done)));
    }
}
