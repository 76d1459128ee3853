using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Optimization;

/// <summary>The learning rate over a run. Pure.</summary>
public static class Schedule
{
    /// <summary>
    /// Learning rate of update <paramref name="step"/> (from 1): linear up to the peak at <see cref="TrainingSpec.WarmupSteps"/>, then half a cosine down
    /// to <see cref="TrainingSpec.MinLearningRate"/> at <see cref="TrainingSpec.ScheduleSteps"/>, else <see cref="TrainingSpec.Steps"/>, where it stays.
    /// </summary>
    public static double LearningRate(TrainingSpec training, long step)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        if (step <= training.WarmupSteps)
        {
            return training.LearningRate * step / training.WarmupSteps;
        }

        double progress = Math.Min(1, (double)(step - training.WarmupSteps) / Math.Max(1, (training.ScheduleSteps ?? training.Steps) - training.WarmupSteps));
        double cosine = 0.5 * (1 + Math.Cos(Math.PI * progress));
        return training.MinLearningRate + ((training.LearningRate - training.MinLearningRate) * cosine);
    }
}
