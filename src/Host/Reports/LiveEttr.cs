namespace MoeActors.Host.Reports;

/// <summary>
/// ETTR of a run under way, as the report will count it at the end: time of surviving, not skipped steps without checkpoint stalls, over the wall time of the stretches in which the run was trained. A step that is
/// computed again takes the time of the lost one back. Not thread-safe.
/// </summary>
/// <param name="history">What was written down before.</param>
/// <param name="trained">Wall time so far.</param>
/// <param name="time">Clock.</param>
internal sealed class LiveEttr(StepHistory history, TimeSpan trained, TimeProvider time)
{
    private readonly List<(long Step, double Ms)> useful = [.. history.Steps.Select(s => (s.Step, UsefulMs(s)))];
    private readonly long begun = time.GetTimestamp();
    private double sum = history.Steps.Sum(UsefulMs);

    /// <summary>Useful time over wall time, 0 to 1.</summary>
    public double Share => Math.Clamp(sum / Math.Max(1, (trained + time.GetElapsedTime(begun)).TotalMilliseconds), 0, 1);

    /// <summary>A step is committed.</summary>
    public void Add(StepLine line)
    {
        while (useful.Count > 0 && useful[^1].Step >= line.Step)
        {
            sum -= useful[^1].Ms;
            useful.RemoveAt(useful.Count - 1);
        }

        useful.Add((line.Step, UsefulMs(line)));
        sum += useful[^1].Ms;
    }

    /// <summary>What of a step's time is training that stays, in ms.</summary>
    public static double UsefulMs(StepLine step) => step.Skipped ? 0 : Math.Max(0, step.Ms - step.CheckpointStallMs);
}
