namespace MoeActors.Host.Reports;

/// <summary>
/// PURE: how long computing stood still for each checkpoint. The checkpoint of state c (after c steps) is copied beside step c: the start of the copy is reported with step c, what
/// of it was not done before that step's update with step c + 1. With a checkpoint at every step both meet in one: a step's stall then belongs to the checkpoint it waited for,
/// so that no stall is counted twice.
/// </summary>
public static class CheckpointStalls
{
    /// <summary>
    /// <paramref name="checkpoints"/> with <see cref="CheckpointRecord.StallMs"/> from the surviving <paramref name="steps"/>. One that no step follows, the last, stalls nothing; a step that
    /// was computed again counts as it was the last time, and so does a checkpoint taken again.
    /// </summary>
    public static IReadOnlyList<CheckpointRecord> Fill(IReadOnlyList<CheckpointRecord> checkpoints, IReadOnlyList<StepLine> steps)
    {
        var newest = new Dictionary<long, CheckpointRecord>();
        foreach (CheckpointRecord c in checkpoints)
        {
            newest[c.Step] = c;
        }

        Dictionary<long, double> stalls = steps.ToDictionary(s => s.Step, s => s.CheckpointStallMs);
        double Of(CheckpointRecord c) => ReferenceEquals(newest[c.Step], c)
            ? (newest.ContainsKey(c.Step - 1) ? 0 : stalls.GetValueOrDefault(c.Step)) + stalls.GetValueOrDefault(c.Step + 1)
            : 0;

        return [.. checkpoints.Select(c => c with { StallMs = Of(c) })];
    }
}
