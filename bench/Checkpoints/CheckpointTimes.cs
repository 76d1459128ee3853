using MoeActors.Bench.Processes;

namespace MoeActors.Bench.Checkpoints;

/// <summary>What one checkpoint cost.</summary>
/// <param name="StallMs">Training stood still for it (O_save).</param>
/// <param name="IterationMs">Time of the step beside which it was copied, or that waited for it; the wait before that step's update included.</param>
/// <param name="AddedMs">What the steps from its decision to its publication took longer than ordinary ones: stall and contention.</param>
/// <param name="DurableMs">From its decision to its publication.</param>
/// <param name="SpeedShare">Speed of training with one such checkpoint every ten steps, as a share of that without.</param>
/// <param name="Published">The checkpoint.</param>
internal sealed record CheckpointTime(double StallMs, double IterationMs, double AddedMs, double DurableMs, double SpeedShare, PublishedCheckpoint Published);

/// <summary>
/// PURE: from a run's trace to the cost of its checkpoints. The checkpoint of c completed steps is decided with step c. Step c+1 reports the start of its copy, step c+2 what of the copy
/// was left at the update of step c+1; blocking, all of it lies in step c+1.
/// </summary>
internal static class CheckpointTimes
{
    /// <summary>First steps of a run that are never measured: compilation, first touch of memory.</summary>
    public const int Warm = 2;

    /// <summary>Checkpoints at this distance for <see cref="CheckpointTime.SpeedShare"/>.</summary>
    private const int SpeedInterval = 10;

    /// <summary>Times of the first <paramref name="steps"/> steps that no checkpoint touched, warm-up left out: neither the two after one's decision nor any begun before its publication.</summary>
    public static IReadOnlyList<double> Ordinary(RunTrace run, int interval, int steps)
    {
        double[] decided = Decided(run.Steps);
        return [.. Enumerable.Range(1, Math.Min(steps, run.Steps.Count)).Where(n => n > Warm && !IsTouched(n)).Select(n => run.Steps[n - 1].Ms)];

        bool IsTouched(int n) => (interval > 0 && n > interval && (n - 1) % interval < 2)
            || run.Published.Any(c => n > c.Step && decided[n - 1] < c.AtMs);
    }

    /// <summary>
    /// The checkpoints of up to <paramref name="steps"/> - 2 completed steps that the trace covers to their publication, without the first: that one is complete also in a run with partial ones, and
    /// pays for the memory of all later ones.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="blocking">Whether training waited for each.</param>
    /// <param name="ordinaryMs">Time of an ordinary step.</param>
    /// <param name="steps">Steps measured.</param>
    public static IReadOnlyList<CheckpointTime> Measure(RunTrace run, bool blocking, double ordinaryMs, int steps)
    {
        double[] decided = Decided(run.Steps);
        var times = new List<CheckpointTime>();
        foreach (PublishedCheckpoint c in run.Published.Skip(1))
        {
            int at = (int)c.Step;
            if (at + 2 > Math.Min(steps, run.Steps.Count) || c.AtMs > decided[^1])
            {
                continue;
            }

            StepDone next = run.Steps[at];
            double waited = run.Steps[at + 1].CheckpointStallMs;
            double stall = blocking ? next.Ms - ordinaryMs : next.CheckpointStallMs + waited;
            double added = run.Steps[at].Ms - ordinaryMs;
            for (int n = at + 1; n < run.Steps.Count && decided[n] < c.AtMs; n++)
            {
                added += run.Steps[n].Ms - ordinaryMs;
            }

            double undisturbed = SpeedInterval * ordinaryMs;
            times.Add(new CheckpointTime(stall, next.Ms + waited, added, c.AtMs - decided[at], undisturbed / (undisturbed + added), c));
        }

        return times;
    }

    /// <summary>When step n was decided, by n; 0 for n = 0.</summary>
    private static double[] Decided(IReadOnlyList<StepDone> steps)
    {
        double[] decided = new double[steps.Count + 1];
        for (int n = 1; n <= steps.Count; n++)
        {
            decided[n] = decided[n - 1] + steps[n - 1].Ms;
        }

        return decided;
    }
}
